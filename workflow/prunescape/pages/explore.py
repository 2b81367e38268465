"""The main job's results as one page: verdict, landscapes to explore, pictures, tables, provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.axes import Pair
from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.verdict import question
from prunescape.hpspace.verdict_page import verdict_section
from prunescape.hpspace.verdict_text import levels_of
from prunescape.io.html import section
from prunescape.pages.landscapes import landscapes
from prunescape.pages.pictures import Picture, embedded
from prunescape.pages.provenance import provenance
from prunescape.pages.study import Answer, Extra, asset, study_page
from prunescape.pages.tables import shown

TEMPLATE, STYLE = "explore.jinja", "explore.css"
# One after the other: each uses those before it.
SCRIPTS = ("hpspace.js", "map.js", "chart.js", "explore.js")
TITLES = {
    "decisions": "Decisions: keep the dense network's settings?",
    "risk": "Performance risk",
    "ellipses": "Ellipses of the regions of interest",
    "intervals": "Every number with its interval",
    "shifts": "Tests of what moved",
    "transfer": "Settings tuned on one network, used on another",
    "band": "The optimal band and Smith's relation",
    "regret": "What trials of tuning again buy",
    "pruning": "FLOPs and parameters",
    "table_3_4": "The thesis' Table 3.4, beside ours",
    "table_4_1": "The thesis' Table 4.1, beside ours",
    "table_4_2": "The thesis' Table 4.2, beside ours",
    "cells": "All trainings",
}
# Tables with intervals, beside that of the decisions.
INTERVALS = ("intervals", "transfer", "band", "regret", "table_4_1", "table_4_2")


def explore_page(
    answer: Mapping[str, Any],
    tables: Mapping[str, pd.DataFrame],
    pictures: Sequence[Picture],
    settings: Mapping[str, Any],
    config: Mapping[str, Any],
    root: Path,
) -> str:
    """The page of the main job, as HTML.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
        tables: those of `TITLES` that the run has, and `timing`, each as its CSV file has it.
        pictures: figures to show, PNG files.
        settings: of the config's section `analysis` roi, sigma, minimum_cells and risk_roi; of `figures` colour_map
            and colour_range_percent; axes, see `Pair.from_settings`.
        config: as resolved.
        root: the project's folder, which tells the code's version.
    """
    explorer = section(
        asset(TEMPLATE),
        sigma=f"{settings['sigma']:g}",
        minimum_cells=settings["minimum_cells"],
        data=landscapes(of_grid(tables["cells"]), settings),
    )
    return study_page(
        f"{config['run']}: tune again after pruning?",
        question(Pair.from_settings(settings)),
        Answer("Verdict", verdict_section(answer)),
        [embedded(picture) for picture in pictures],
        [
            shown(name, f"{title}{_level(name, answer)}", tables[name])
            for name, title in TITLES.items()
            if name in tables
        ],
        "the README",
        provenance(tables["timing"], config, root),
        Extra({"landscapes": "Landscapes"}, explorer, [asset(name) for name in SCRIPTS], asset(STYLE)),
    )


def _level(table: str, answer: Mapping[str, Any]) -> str:
    """The confidence of a table's intervals, after its title."""
    levels = levels_of(answer["settings"])
    if table == "decisions":
        return f" (loss_low to loss_high: {levels.loss} interval)"
    return f" (low to high: {levels.others} intervals)" if table in INTERVALS else ""
