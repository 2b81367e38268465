"""What Snakemake's report says of figures and tables, for pages to say the same."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, StrictUndefined

_TEMPLATES = Environment(undefined=StrictUndefined)  # not escaped: the page does that


class Caption(NamedTuple):
    """What is said of a figure or table.

    Attributes:
        place: in the order of the report.
        title: what it shows.
        model: that it is of; empty where it is of all.
        text: a few sentences.
    """

    place: int
    title: str
    model: str
    text: str


def caption(path: str | Path, label: str, wildcards: Mapping[str, str], config: Mapping[str, Any]) -> Caption:
    """The caption of a file in the report.

    Args:
        path: of the caption, a file of reStructuredText that is a Jinja template of `snakemake`.
        label: "6 one-shot, {method}": a place, and a title with wildcards.
        wildcards: of the rule that makes the file.
        config: as resolved.
    """
    place, _, title = label.format(**wildcards).partition(" ")
    job = {"wildcards": wildcards, "config": config}
    text = _TEMPLATES.from_string(Path(path).read_text(encoding="utf-8")).render(snakemake=job)
    words = " ".join(text.replace("``", "").split())
    return Caption(int(place), title[:1].upper() + title[1:].replace("_", " "), wildcards.get("model", ""), words)
