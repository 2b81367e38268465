"""`snakemake explain`: why finished results would be made again; `snakemake accept`: take them as they are."""

from collections.abc import Sequence
from pathlib import Path

from prunescape.errors import UserError
from prunescape.plan.results import ABOVE, Results

LOCKS = Path(".snakemake/locks")


def explain_page(results: Results) -> list[str]:
    """The reasons why jobs whose results are all there would run: a block for jobs of a rule with one reason."""
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for job in results.jobs():
        told = results.reasons(job.result)
        if told:
            alike.setdefault((job.step.name, tuple(told)), []).append(job.result)
    if not alike:
        return ["All results that are there are those of this config, this code and these libraries."]
    below = {rule: len(files) for (rule, told), files in alike.items() if told == (ABOVE,)}
    blocks = [_block(rule, told, files) for (rule, told), files in alike.items() if told != (ABOVE,)]
    if below:
        counts = ", ".join(f"{rule} ({count:,})" if count > 1 else rule for rule, count in below.items())
        blocks.append(f"and what is made of these or of what is missing: {counts}")
    return [
        *blocks,
        "`snakemake` makes these anew; `snakemake accept` takes all as they are, `snakemake accept"
        " FILE ...` those of some jobs.",
    ]


def _block(rule: str, told: Sequence[str], files: Sequence[str]) -> str:
    jobs = f"{len(files):,} jobs, such as that of {files[0]}" if len(files) > 1 else files[0]
    return "\n".join([f"{rule}: {jobs}", *(f"    {words}" for words in told)])


def accept_page(results: Results, files: Sequence[str]) -> list[str]:
    """Accept results as they are, and tell what was different.

    Args:
        results: the plan's.
        files: of which jobs; all, where none are named.

    Raises:
        UserError: a result is damaged, a file is none of the plan's, a run is under way, or the data are not prepared.
    """
    if LOCKS.is_dir() and any(LOCKS.iterdir()):
        raise UserError("a run is under way in this folder; accept results once it has ended (or `snakemake --unlock`)")
    meta = results.plan.run.meta
    if not Path(meta).is_file():
        raise UserError(
            f"{meta}: is missing, and all that is made of it would be made again in one run with it; run `snakemake"
            " prepare` first, and accept then"
        )
    notes = results.accept(files)
    if not notes:
        return ["Nothing to accept: all results that are there are right."]
    counts = {note: notes.count(note) for note in dict.fromkeys(notes)}
    told = [f"{note}{f' ({count:,} jobs)' if count > 1 else ''}" for note, count in counts.items()]
    return ["accepted as they are; provenance and pages will say so:", *(f"    {line}" for line in told)]
