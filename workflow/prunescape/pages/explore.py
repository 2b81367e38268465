"""The main job's results as one page: verdict with its picture, landscapes to explore, pictures, tables, provenance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from prunescape.hpspace.cells import of_grid
from prunescape.hpspace.lattice import ROUND
from prunescape.hpspace.verdict import from_json, question
from prunescape.hpspace.verdict_page import verdict_section
from prunescape.io.files import read_csv, read_json
from prunescape.io.html import section
from prunescape.pages.landscapes import ExplorerSettings, landscapes
from prunescape.pages.provenance import provenance
from prunescape.pages.study import Answer, Extra, Pictures, Tables, asset, inside, study_page

TEMPLATE, STYLE = "explore.jinja", "explore.css"
# One after the other: each uses those before it.
SCRIPTS = ("svg.js", "hpspace.js", "map.js", "chart.js", "explore.js")
FOREST = "forest"  # the picture of the answer
_ANSWER = """{% for picture in pictures %}
<div class="answer">
<img class="enlarges" src="{{ picture.source }}" alt="{{ picture.title }}"
 width="{{ picture.width }}" height="{{ picture.height }}">
</div>
{% endfor %}{{ verdict }}"""
_FEW = """<section id="landscapes" aria-labelledby="landscapes-head">
<h2 id="landscapes-head">The landscapes</h2>
<p>Explored by {{ trainings }} trainings (<code>exploration.method: adaptive</code>), which tell of the best settings.
Whole landscapes, ellipses of regions of interest, the risk of keeping settings and what tuning by trials would buy
need the grid: <code>exploration.method: grid</code>.</p>
</section>"""
# Tables with intervals of one confidence; those of the decisions name it row by row.
INTERVALS = ("intervals", "transfer", "band", "regret", "table_4_1", "table_4_2")


def of_files(files: Any, settings: Any, told: Mapping[str, Any], tables: Tables, pictures: Pictures) -> str:
    """The page of the main job, from the inputs of its job: `verdict`, a JSON file, and `timing`."""
    answer, timing = from_json(read_json(files.verdict)), read_csv(files.timing)
    look = ExplorerSettings.from_settings(settings)
    return explore_page(answer, timing, tables, pictures, look, told["config"], Path(told["root"]), told["made"])


def explore_page(
    answer: Mapping[str, Any],
    timing: pd.DataFrame,
    tables: Tables,
    pictures: Pictures,
    look: ExplorerSettings,
    config: Mapping[str, Any],
    root: Path,
    made: str = "",
) -> str:
    """The page of the main job, as HTML.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
        timing: `timing.csv`.
        tables, pictures: see `study_page`.
        look: of the landscapes.
        root: the project's folder, which tells the code's version.
        made: see `study_page`.
    """
    forest = [(path, of) for path, of in pictures if Path(path).stem == FOREST]
    shown = [inside(path, of.full_title, of.text) for path, of in forest]
    return study_page(
        f"{config['run']}: tune again after pruning?",
        question(look.pair),
        Answer("Verdict", section(_ANSWER, pictures=shown, verdict=verdict_section(answer))),
        [picture for picture in pictures if picture not in forest],
        {
            name: (table, of._replace(title=f"{of.title}{_level(name, look.confidence)}"))
            for name, (table, of) in tables.items()
        },
        "hpspace",
        provenance(timing, config, root),
        _explorer(tables["cells"][0], look),
        made,
    )


def _explorer(cells: pd.DataFrame, look: ExplorerSettings) -> Extra:
    """The landscapes to explore; where few trainings did so, what says that there are none."""
    if ROUND in cells:
        return Extra({"landscapes": "Landscapes"}, section(_FEW, trainings=len(cells)), (), asset(STYLE))
    explorer = section(
        asset(TEMPLATE),
        sigma=f"{look.sigma:g}",
        minimum_cells=look.minimum_cells,
        data=landscapes(of_grid(cells), look),
    )
    return Extra(
        {"landscapes": "Landscapes"}, explorer, [asset(name) for name in SCRIPTS], asset(STYLE) + asset("charts.css")
    )


def _level(table: str, confidence: float) -> str:
    """The confidence of a table's intervals, after its title."""
    return f" (low to high: {100 * confidence:g} % intervals)" if table in INTERVALS else ""
