"""The jobs of a plan as a graph: which are needed for a target, and which are stale after a change."""

from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from finished import write_rounds
from prunescape.models import external_code
from prunescape.plan.plan import Plan
from prunescape.runtime import fingerprint


class Node(NamedTuple):
    """A job: its rule, what it reads and writes, and its identity."""

    rule: str
    reads: frozenset[str]
    writes: frozenset[str]
    identity: Any


def forget() -> None:
    """Let files be looked at again; what was read is kept by content, as from one run of Snakemake to the next."""
    code = fingerprint
    functions = (code.digest, code._reached, code.packages, code._code, code._module_files)
    for function in (*functions, external_code.external_digest):
        function.cache_clear()


@contextmanager
def edited(folder: Path) -> Iterator[None]:
    """While this lasts, identities are those of the copy of `workflow` in `folder`."""
    own = fingerprint.LIBRARY, fingerprint.SCRIPTS
    fingerprint.LIBRARY, fingerprint.SCRIPTS = folder / "workflow" / "prunescape", folder / "workflow" / "scripts"
    forget()
    try:
        yield
    finally:
        fingerprint.LIBRARY, fingerprint.SCRIPTS = own
        forget()


def graph(config: dict[str, Any], targets: str = "hpspace", identities: bool = True) -> dict[frozenset[str], Node]:
    """The jobs that a study needs, by the files that they write.

    Args:
        config: as a file has it.
        targets: "hpspace", or a companion study.
        identities: whether their identities are read, which takes half a second.
    """
    plan = Plan(config, 2)
    with TemporaryDirectory() as folder, chdir(folder):
        write_rounds(plan)
        nodes = _nodes(plan, identities)
    study = None if targets == "hpspace" else plan.companions[targets]
    # Tiles are asked for by a rule of their own, and the overview is no job of a study.
    written = {plan.index, *plan.ledger.values()}  # by the end of every run
    pending = list({*plan.main, *plan.hpspace.train_tile.files()} - written if study is None else study.targets)
    needed: dict[frozenset[str], Node] = {}
    while pending:
        path = pending.pop()
        assert path in nodes, f"no step writes {path}"
        node = nodes[path]
        if node.writes not in needed:
            needed[node.writes] = node
            pending += node.reads
    return needed


def _nodes(plan: Plan, identities: bool) -> dict[str, Node]:
    """The known jobs of a plan, by each file that they write."""
    nodes: dict[str, Node] = {}
    for job in plan.jobs():
        reads: list[str] = []
        for name, path in job.step.reads(job.wildcards).items():
            if name != "check":  # that a network was checked again changes nothing
                reads += [path] if isinstance(path, str) else path
        identity = job.identity if identities else None
        node = Node(job.step.name, frozenset(reads), frozenset(job.outputs.values()), identity)
        nodes |= dict.fromkeys(node.writes, node)
    return nodes


def stale(before: dict[frozenset[str], Node], after: dict[frozenset[str], Node]) -> list[Node]:
    """The jobs of `after` whose results of `before` are not theirs any more, and all that read what these write."""
    found = {key for key, node in after.items() if key not in before or node.identity != before[key].identity}
    while True:
        written = {path for key in found for path in key}
        more = {key for key, node in after.items() if key not in found and node.reads & written}
        if not more:
            return [after[key] for key in found]
        found |= more


def rules(nodes: Iterable[Node]) -> set[str]:
    """The names of the rules of jobs."""
    return {node.rule for node in nodes}
