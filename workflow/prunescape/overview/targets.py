"""What a run is asked to make, by the words of its command line."""

import itertools
from collections.abc import Collection, Sequence
from pathlib import Path

from snakemake.cli import parse_args

from prunescape.config.messages import nearest


def leading(arguments: Sequence[str]) -> list[str]:
    """The words that a command line begins with, before all options."""
    return list(itertools.takewhile(lambda word: not word.startswith("-"), arguments))


def unknown_target(command: Sequence[str], rules: Collection[str], targets: Collection[str]) -> str | None:
    """A line on the first target that is neither a rule nor a file; None where all are, or where it is not Snakemake's.

    Args:
        command: the program, and its arguments, which it has read without a mistake.
        rules: the names of all rules.
        targets: of those that are meant to be asked for.
    """
    if Path(command[0]).name not in ("snakemake", "__main__.py"):
        return None
    for word in sorted(parse_args(command[1:])[1].targets):
        if word not in rules and "/" not in word and "." not in word:
            near = nearest(word, targets)
            hint = f"did you mean {near}? " if near else ""
            return f"prunescape: {word}: no target; {hint}there are {', '.join(targets)}"
    return None
