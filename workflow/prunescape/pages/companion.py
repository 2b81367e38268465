"""A companion study's results as one page: claims, planes where it has some, pictures, tables, provenance."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prunescape.claims.page import STYLE, claims_section
from prunescape.claims.study import StudyClaims
from prunescape.pages import charts, planes
from prunescape.pages.provenance import Job, of_jobs
from prunescape.pages.study import NO_EXTRA, Answer, Pictures, Tables, joined, study_page


def of_files(files: Any, settings: Any, told: Mapping[str, Any], tables: Tables, pictures: Pictures) -> str:
    """The page of a companion study, from the inputs of its job.

    Args:
        files: `claims`, the claims' JSON file.
        settings: `charts`, the entries of the registry as JSON values.
        told, tables, pictures: see `companion_page`.
    """
    jobs = [Job(*job) for job in told["jobs"]]
    stated = StudyClaims.read(Path(files.claims))
    where = told["config"], Path(told["root"])
    return companion_page(stated, tables, pictures, jobs, *where, settings["charts"], told["made"])


def companion_page(
    stated: StudyClaims,
    tables: Tables,
    pictures: Pictures,
    jobs: Sequence[Job],
    config: Mapping[str, Any],
    root: Path,
    entries: Sequence[Mapping[str, Any]] = (),
    made: str = "",
) -> str:
    """The page of a companion study, as HTML.

    Args:
        stated: the study's claims.
        tables, pictures: see `study_page`.
        jobs: those that train and measure.
        root: the project's folder, which tells the code's version.
        entries: charts, see `prunescape.pages.charts.explorer`.
        made: see `study_page`.
    """
    return study_page(
        f"{config['run']}: {stated.study}",
        stated.question,
        Answer("Claims", claims_section(stated)),
        pictures,
        tables,
        stated.study,
        of_jobs(stated.study, jobs, config, root),
        joined(NO_EXTRA._replace(style=STYLE), charts.explorer(entries, tables), planes.explorer(tables)),
        made,
    )
