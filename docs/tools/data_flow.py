"""Draw how data flows through the project: `python docs/tools/data_flow.py docs/assets/data-flow.svg`.

A test holds the names in the drawing against the folders of the project.
"""

import sys
from html import escape
from pathlib import Path
from typing import NamedTuple


class Stage(NamedTuple):
    """One box.

    Attributes:
        title: what it is.
        does: what happens there.
        rooms: folders or modules of workflow/prunescape/.
        rules: files of workflow/rules/, without their suffix; a star stands for anything.
        scripts: folders of workflow/scripts/.
        results: what lies in results/<run>/ afterwards.
    """

    title: str
    does: str
    rooms: list[str]
    rules: list[str]
    scripts: list[str]
    results: list[str]


def _companion(name: str, does: str) -> Stage:
    return Stage(name, does, [name], ["steps"], [name], [f"{name}/"])


# A row of boxes each; what a row makes goes to all rows below it.
ROWS = [
    [
        Stage(
            "plan",
            "steps and jobs: files, settings, costs",
            ["config", "studies", "plan"],
            ["common", "steps"],
            [],
            [],
        )
    ],
    [Stage("data", "any data set as arrays, with checksums", ["io", "data"], ["steps"], ["data"], ["data/"])],
    [
        Stage(
            "networks",
            "described, and trained once at the prior",
            ["models"],
            ["steps"],
            ["models"],
            ["models/<model>/dense/"],
        ),
        Stage(
            "pruning",
            "to a FLOPs target",
            ["pruning"],
            ["steps"],
            ["models"],
            ["models/<model>/<variant>/"],
        ),
    ],
    [
        Stage(
            "engine",
            "lanes: many networks on the same batches",
            ["runtime", "lanes", "training"],
            [],
            [],
            ["checkpoints/", "logs/"],
        )
    ],
    [
        Stage(
            "hpspace",
            "tune again?",
            ["statistics", "hpspace"],
            ["steps"],
            ["hpspace"],
            ["hpspace/"],
        ),
        _companion("stochastic", "noise?"),
        _companion("mechanism", "who works?"),
        _companion("coherence", "do images agree?"),
    ],
    [
        Stage(
            "claims",
            "what holds, with the source and the published number beside",
            ["claims"],
            ["steps"],
            ["studies"],
            ["<study>/claims.csv", "claims.csv"],
        )
    ],
    [
        Stage(
            "export",
            "ONNX, model cards, provenance",
            ["export"],
            ["steps"],
            ["export"],
            ["export/", "datapackage.json"],
        ),
        Stage("figures", "PNG and PDF", ["figures"], ["steps"], [], ["<study>/figures/"]),
        Stage(
            "pages",
            "plan, status, watch; explore",
            ["overview", "pages"],
            ["steps", "overview"],
            [],
            ["explore.html", "index.html"],
        ),
    ],
]
WIDTH, HEIGHT, GAP, LINE = 960, 122, 34, 17  # pixels


def drawing() -> str:
    """The SVG's text."""
    parts = []
    for number, row in enumerate(ROWS):
        top = GAP / 2 + number * (HEIGHT + GAP)
        if number:
            parts.append(_arrow(top - GAP + 4, top - 4))
        width = (WIDTH - GAP * (len(row) + 1) / 2) / len(row)
        for place, stage in enumerate(row):
            parts += _box(stage, GAP / 2 + place * (width + GAP / 2), top, width)
    height = len(ROWS) * (HEIGHT + GAP)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">'
    style = (
        "<style>text{font:13px sans-serif;fill:#222}.t{font-weight:bold;font-size:15px}.c{font-family:monospace}"
        ".k{fill:#667}rect{fill:#eef3fb;stroke:#4a6fa5}line{stroke:#4a6fa5;stroke-width:2}path{fill:#4a6fa5}</style>"
    )
    title = "<title>Data, networks and pruning, engine, four studies, then exports, figures and pages</title>"
    paper = f'<rect width="{WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>'
    return "\n".join([head, style, title, paper, *parts, "</svg>\n"])


def _box(stage: Stage, left: float, top: float, width: float) -> list[str]:
    lines = [("library", " ".join(f"{room}" for room in stage.rooms))]
    if stage.rules:
        lines.append(("rules", " ".join(f"{name}.smk" for name in stage.rules)))
    if stage.scripts:
        lines.append(("scripts", " ".join(f"{name}/" for name in stage.scripts)))
    if stage.results:
        lines.append(("results", " ".join(stage.results)))
    found = [
        f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{HEIGHT}" rx="6"/>',
        f'<text class="t" x="{left + 12:g}" y="{top + 22:g}">{escape(stage.title)}</text>',
        f'<text x="{left + 12:g}" y="{top + 40:g}">{escape(stage.does)}</text>',
    ]
    for number, (kind, names) in enumerate(lines):
        y = top + 60 + number * LINE
        found.append(
            f'<text x="{left + 12:g}" y="{y:g}"><tspan class="k">{kind} </tspan>'
            f'<tspan class="c">{escape(names)}</tspan></text>'
        )
    return found


def _arrow(start: float, end: float) -> str:
    x = WIDTH / 2
    head = f'<path d="M{x - 6:g} {end - 8:g} h12 l-6 8 z"/>'
    return f'<line x1="{x:g}" y1="{start:g}" x2="{x:g}" y2="{end - 8:g}"/>{head}'


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(drawing(), encoding="utf-8")
