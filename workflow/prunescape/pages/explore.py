"""The main job's results as one page: verdict, landscapes to explore, pictures, tables, provenance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.verdict import from_json, question
from prunescape.hpspace.verdict_page import verdict_section
from prunescape.hpspace.verdict_text import levels_of
from prunescape.io.files import read_csv, read_json
from prunescape.io.html import section
from prunescape.pages.landscapes import landscapes
from prunescape.pages.provenance import provenance
from prunescape.pages.study import Answer, Extra, Pictures, Tables, asset, study_page

TEMPLATE, STYLE = "explore.jinja", "explore.css"
# One after the other: each uses those before it.
SCRIPTS = ("hpspace.js", "map.js", "chart.js", "explore.js")
# Tables with intervals, beside that of the decisions.
INTERVALS = ("intervals", "transfer", "band", "regret", "table_4_1", "table_4_2")


def of_files(files: Any, settings: Any, told: Mapping[str, Any], tables: Tables, pictures: Pictures) -> str:
    """The page of the main job, from the inputs of its job: `verdict`, a JSON file, and `timing`."""
    answer, timing = from_json(read_json(files.verdict)), read_csv(files.timing)
    return explore_page(answer, timing, tables, pictures, settings, told["config"], Path(told["root"]))


def explore_page(
    answer: Mapping[str, Any],
    timing: pd.DataFrame,
    tables: Tables,
    pictures: Pictures,
    settings: Mapping[str, Any],
    config: Mapping[str, Any],
    root: Path,
) -> str:
    """The page of the main job, as HTML.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
        timing: `timing.csv`.
        tables, pictures: see `study_page`.
        settings: of the config's section `analysis` roi, sigma, minimum_cells and risk_roi; of `figures` colour_map
            and colour_range_percent; axes, see `Pair.from_settings`.
        root: the project's folder, which tells the code's version.
    """
    explorer = section(
        asset(TEMPLATE),
        sigma=f"{settings['sigma']:g}",
        minimum_cells=settings["minimum_cells"],
        data=landscapes(of_grid(tables["cells"][0]), settings),
    )
    return study_page(
        f"{config['run']}: tune again after pruning?",
        question(Pair.from_settings(settings)),
        Answer("Verdict", verdict_section(answer)),
        pictures,
        {name: (table, of._replace(title=f"{of.title}{_level(name, answer)}")) for name, (table, of) in tables.items()},
        "the README",
        provenance(timing, config, root),
        Extra({"landscapes": "Landscapes"}, explorer, [asset(name) for name in SCRIPTS], asset(STYLE)),
    )


def _level(table: str, answer: Mapping[str, Any]) -> str:
    """The confidence of a table's intervals, after its title."""
    levels = levels_of(answer["settings"])
    if table == "decisions":
        return f" (loss_low to loss_high: {levels.loss} interval)"
    return f" (low to high: {levels.others} intervals)" if table in INTERVALS else ""
