"""A companion study's results as one page: claims, pictures, tables, provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from prunescape.claims.page import STYLE, claims_section
from prunescape.claims.study import StudyClaims
from prunescape.figures.names import model_title
from prunescape.pages.pictures import inside
from prunescape.pages.provenance import Job, of_jobs
from prunescape.pages.study import NO_EXTRA, Answer, study_page
from prunescape.pages.tables import shown


class Caption(NamedTuple):
    """The caption of a figure or table.

    Attributes:
        place: in the order of the report; 0 of what it does not have.
        title: what it shows.
        model: that it is of; empty where it is of all.
        text: a few sentences, or none.
    """

    place: int
    title: str
    model: str
    text: str


def companion_page(
    stated: StudyClaims,
    tables: Mapping[str, tuple[pd.DataFrame, Caption]],
    pictures: Sequence[tuple[str, Caption]],
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    root: Path,
) -> str:
    """The page of a companion study, as HTML.

    Args:
        stated: the study's claims.
        tables: by name, in the order of the page, with what is said of them.
        pictures: figures, PNG files, with what is said of them.
        jobs: those that train and measure.
        config: as resolved.
        root: the project's folder, which tells the code's version.
    """
    study = stated.study
    return study_page(
        f"{config['run']}: {study}",
        stated.question,
        Answer("Claims", claims_section(stated)),
        [inside(path, _titled(caption), caption.text) for path, caption in sorted(pictures, key=_order)],
        [_table(name, *of) for name, of in tables.items()],
        f"docs/{study}.md in the project",
        of_jobs(jobs, config, root),
        NO_EXTRA._replace(style=STYLE),
    )


def _order(picture: tuple[str, Caption]) -> tuple[int, str]:
    return picture[1].place, picture[1].model


def _titled(caption: Caption) -> str:
    return f"{caption.title}: {model_title(caption.model)}" if caption.model else caption.title


def _table(name: str, table: pd.DataFrame, caption: Caption) -> dict[str, Any]:
    told = shown(name, caption.title, table)
    return {**told, "caption": caption.text} if caption.text else told
