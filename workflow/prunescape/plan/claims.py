"""The step that states the claims of a study, one rule and one script for all."""

from collections.abc import Mapping
from typing import Any

from prunescape.plan.run import Run
from prunescape.plan.step import Caption, Step

FILES = {"json": "json", "table": "csv", "text": "txt", "page": "html"}


def claims_step(
    run: Run, study: str, inputs: Mapping[str, str | list[str]], captions: Mapping[str, Caption], **values: Any
) -> Step:
    """The step of a study; its identity starts at the study's own module `claims`.

    Args:
        run: the run.
        study: its name, its folder's and its package's.
        inputs: the tables and other results that the claims follow from, by name.
        captions: what the report says of its files.
        values: settings that the claims depend on, beside the data set and the seeds.
    """
    data = {"data": run.config.data.name, "seeds": run.seeds}
    return run.step(
        study,
        f"state_{study}",
        {kind: f"{run.results}/{study}/claims.{suffix}" for kind, suffix in FILES.items()},
        script="studies/state_claims.py",
        inputs=inputs,
        values={"study": study, **data, **values},
        sources=[f"prunescape.{study}.claims"],
        captions=captions,
    )
