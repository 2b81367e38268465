"""A step: a rule as data, with its files, its jobs, what their results depend on, and what they cost."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from prunescape.plan.identity import code
from prunescape.studies.study import Caption, wildcards_of
from prunescape.training.strategy import training_bytes

if TYPE_CHECKING:
    from prunescape.config.config import Config


class Wildcards(Protocol):
    """The values of a rule's wildcards by name: a dict, or what Snakemake gives."""

    def __getitem__(self, name: str, /) -> Any:
        """The value of a wildcard that is there."""

    def get(self, name: str, /) -> Any:
        """The value of a wildcard; None where there is none."""

    def keys(self) -> Iterable[str]:
        """The names of the wildcards."""


T = TypeVar("T")
Sizes = Mapping[str, int]  # images by split, "train" and "validation"
Files = Mapping[str, str | list[str]]
Awaits = Callable[[Wildcards], Sequence[tuple[str, Mapping[str, str]]]]


def combinations(**values: Sequence[Any]) -> list[dict[str, str]]:
    """Combinations of the values of wildcards, the last one fastest."""
    return [dict(zip(values, map(str, chosen), strict=True)) for chosen in product(*values.values())]


def named(wildcards: Wildcards) -> dict[str, Any]:
    """The values of wildcards by name, as a dict."""
    return {name: wildcards[name] for name in wildcards.keys()}  # noqa: SIM118 - Snakemake's are no dict


def of_job(given: T | Callable[[Wildcards], T], wildcards: Wildcards) -> T:
    """A value that is given once for all jobs, or as a function of wildcards."""
    value: T = given(wildcards) if callable(given) else given
    return value


@dataclass(frozen=True)
class Job:
    """A job of a step: the step, and values of its wildcards.

    Attributes:
        step: whose it is.
        wildcards: their values.
    """

    step: "Step"
    wildcards: Mapping[str, str]

    @property
    def outputs(self) -> dict[str, str]:
        """The job's files by name."""
        return {name: path.format(**self.wildcards) for name, path in self.step.outputs.items()}

    @property
    def result(self) -> str:
        """The file that is there once it has finished."""
        return next(iter(self.outputs.values()))

    @property
    def log(self) -> str:
        """The job's log file."""
        return self.step.log.format(**self.wildcards)

    @property
    def model(self) -> str:
        """The network that it looks at; empty where it looks at none or at all."""
        return self.step.model or self.wildcards.get("model", "")

    @property
    def networks(self) -> int:
        """Number of networks that the job trains or evaluates."""
        return of_job(self.step.networks, self.wildcards)

    def memory(self, parameters: int, activations: int, config: "Config") -> int:
        """Bytes that training its networks takes, roughly; or what other work holds, where that is more.

        Args:
            parameters: numbers that the model's network learns.
            activations: numbers that its layers give for one image, about as many as the backward pass needs.
            config: of the run.
        """
        if self.step.largest is not None:
            parameters = round(self.step.largest(self.wildcards, parameters))
        held, batch_size, engine = of_job(self.step.held, self.wildcards), config.recipe.batch_size, config.engine
        training = training_bytes(held, parameters, activations, batch_size, engine.precision, engine.micro_batch)
        return max(training, of_job(self.step.bytes_a_weight, self.wildcards) * parameters)

    def passes(self, sizes: Sizes) -> float:
        """Number of images that the job sends forwards, training included, by the number of images of each split."""
        return self.step.passes(self.wildcards, sizes) if self.step.passes else 0

    @property
    def identity(self) -> dict[str, Any]:
        """The identity of the job beside its inputs; see `Step.settings`."""
        return self.step.settings(self.wildcards)


@dataclass(frozen=True)
class Step:
    """A rule as data. Paths are patterns with wildcards in braces, as Snakemake has them.

    Inputs, values, sources and networks are given once for all jobs, or as functions of wildcards.

    Attributes:
        name: the rule's.
        script: below `workflow/scripts`.
        outputs: its files by name.
        log: its log.
        jobs: gives the wildcards of all its jobs in this run, as far as they are known.
        inputs: what a job reads, patterns by name, where no rule spells it out.
        values: settings that the results depend on.
        sources: further code that they depend on; see `prunescape.plan.identity.code`.
        captions: by name of an output, what is said of it.
        checkpoint: the folder in which a job keeps its state, a pattern; no output, as Snakemake removes those of jobs
            that fail.
        model: the network that it looks at, where that is no wildcard.
        is_local: whether jobs run where Snakemake runs, also with a cluster: work of seconds.
        awaits: gives the checkpoints, by name and wildcards, that must be there before a job's inputs are known.
        told: gives what a page says of the run that its results do not depend on.
        threads, cpus: cores of a job on this machine, and those that it asks a cluster for.
        networks: how many networks a job trains or evaluates.
        held: how many of them it holds at once, idle lanes included; see `Run.held`.
        bytes_a_weight: bytes that other work than training holds of each parameter of a network, at most.
        largest: the parameters of the largest network of a job, by those of its model's, where it is another.
        passes: how many images a job sends forwards through its network, training included: a function of wildcards and
            of the number of images of each split.
        tells_accepted: whether its results, or a page among them, tell what was accepted of what they are made of.
    """

    name: str
    script: str
    outputs: Mapping[str, str]
    log: str
    jobs: Callable[[], Iterable[Mapping[str, str]]]
    inputs: Files | Callable[[Wildcards], Files] = field(default_factory=dict)
    values: Mapping[str, Any] | Callable[[Wildcards], Mapping[str, Any]] = field(default_factory=dict)
    sources: Iterable[str] | Callable[[Wildcards], Iterable[str]] = ()
    captions: Mapping[str, Caption] = field(default_factory=dict)
    checkpoint: str | None = None
    model: str | None = None
    is_local: bool = False
    awaits: Awaits | None = None
    told: Callable[[], Any] | None = None
    threads: int = 1
    cpus: int | None = None
    networks: int | Callable[[Wildcards], int] = 0
    held: int | Callable[[Wildcards], int] = 1
    bytes_a_weight: int | Callable[[Wildcards], int] = 0
    largest: Callable[[Wildcards, int], float] | None = None
    passes: Callable[[Wildcards, Sizes], float] | None = None
    tells_accepted: bool = False

    def settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """The identity of a job beside its inputs: settings, and the meaning of the code behind it.

        The one value that Snakemake compares to find stale results: one dict, as it leaves out the names of params.
        """
        sources = (self.script, *of_job(self.sources, wildcards))
        if sources not in self._codes:
            self._codes[sources] = code(*sources)
        return {"script": self.script, **of_job(self.values, wildcards), **self._codes[sources]}

    @cached_property
    def _codes(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """Results of `code` by sources: tens of thousands of jobs share a few."""
        return {}

    @property
    def param(self) -> Mapping[str, Any] | Callable[[Wildcards], Mapping[str, Any]]:
        """The settings as a rule has them: a dict, which other workflows may change, where all jobs share them."""
        return self.settings if callable(self.values) or callable(self.sources) else self.settings({})

    def reads(self, wildcards: Wildcards) -> Files:
        """The files that a job reads, by name, where no rule spells them out."""
        given = named(wildcards)
        return {
            name: path.format(**given) if isinstance(path, str) else [part.format(**given) for part in path]
            for name, path in of_job(self.inputs, wildcards).items()
        }

    def is_ancient(self, name: str) -> bool:
        """Whether the content of an input does not matter: that a network was checked again changes nothing."""
        return name == "check"

    def state(self, wildcards: Wildcards) -> str | None:
        """The folder of a job's own state."""
        return None if self.checkpoint is None else self.checkpoint.format(**named(wildcards))

    def caption(self, wildcards: Wildcards, config: Mapping[str, Any]) -> str:
        """The caption of a job's file for the report, which has one file of a job at most."""
        return next((caption.said(named(wildcards), config) for caption in self.captions.values()), "")

    @property
    def wildcards(self) -> tuple[str, ...]:
        """The names of the wildcards of its files, in the order in which they stand there."""
        first = next(iter(self.outputs.values()))
        return tuple(wildcards_of(first))

    @property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of the step's wildcards, by name: the values of its jobs."""
        jobs = list(self.jobs())
        return {name: "|".join(sorted({re.escape(of[name]) for of in jobs})) for name in self.wildcards if jobs}

    def all_jobs(self) -> list[Job]:
        """The known jobs of the step."""
        return [Job(self, wildcards) for wildcards in self.jobs()]

    def files(self) -> list[str]:
        """The outputs of all its jobs."""
        return [path for job in self.all_jobs() for path in job.outputs.values()]
