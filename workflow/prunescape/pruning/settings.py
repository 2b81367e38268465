"""Settings of pruning: the ranking of channels, and the quantity that ratios are parts of (the config's `pruning`).

Light: scripts that only read tables import no torch for its names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAGNITUDE, LAMP, GRASP, RANDOM, WANDA, SPARSEGPT = "magnitude", "lamp", "grasp", "random", "wanda", "sparsegpt"
WEIGHT_SCORES = (MAGNITUDE, LAMP, GRASP, RANDOM, WANDA, SPARSEGPT)  # of single weights
OF_INPUTS = (WANDA, SPARSEGPT)  # scores that need what the layers read
GLOBAL, UNIFORM, ERK, OUTPUT, TWO_OF_FOUR, FOUR_OF_EIGHT = "global", "uniform", "erk", "output", "2of4", "4of8"
WEIGHT_SCOPES = (GLOBAL, UNIFORM, ERK, OUTPUT, TWO_OF_FOUR, FOUR_OF_EIGHT)  # among which scores are compared
N_OF_M = {TWO_OF_FOUR: (2, 4), FOUR_OF_EIGHT: (4, 8)}  # weights that remain of each group of so many inputs
USUAL = "usual"  # the scope of a score's source
_USUAL_SCOPES = {WANDA: OUTPUT, SPARSEGPT: UNIFORM}  # else global
NORM, L1, L2 = "norm", "l1", "l2"
FLOPS, PARAMETERS, LATENCY = "flops", "parameters", "latency"
TARGETS: Mapping[str, str] = {FLOPS: "FLOPs", PARAMETERS: "parameters", LATENCY: "latency"}


@dataclass(frozen=True)
class Way:
    """A way of choosing single weights to remove.

    Attributes:
        score: one of `WEIGHT_SCORES`.
        scope: one of `WEIGHT_SCOPES`.
    """

    score: str
    scope: str

    @property
    def name(self) -> str:
        """Its name in tables: the score's, and the scope's where that is not the usual one of the score."""
        return self.score if self.scope == _USUAL_SCOPES.get(self.score, GLOBAL) else f"{self.score}_{self.scope}"

    @property
    def updates(self) -> bool:
        """Whether the weights that remain are changed to make up for those that are removed."""
        return self.score == SPARSEGPT

    def rate(self, gamma: float) -> float:
        """The pruning rate where `gamma` is asked for: N:M masks have one of their own."""
        if self.scope not in N_OF_M:
            return gamma
        kept, group = N_OF_M[self.scope]
        return 1 - kept / group


WAYS = {way.name: way for way in (Way(score, scope) for score in WEIGHT_SCORES for scope in WEIGHT_SCOPES)}


def way_names(scores: Sequence[str], scopes: Sequence[str]) -> list[str]:
    """Names of the ways that each score has with each scope; `USUAL` stands for that of the score's source."""
    chosen = [
        Way(score, _USUAL_SCOPES.get(score, GLOBAL) if scope == USUAL else scope)
        for score in scores
        for scope in scopes
    ]
    return list(dict.fromkeys(way.name for way in chosen))


@dataclass(frozen=True)
class Latency:
    """Settings of latency: the median time of forward passes of one batch.

    Attributes:
        device: "cpu" or "cuda".
        batch_size: images of the batch.
        threads: of the processor.
        repeats: forward passes, after some that are not counted.
        tolerance_points: the pruned network may take so many points of the dense network's latency less than asked for.
    """

    device: str = "cpu"
    batch_size: int = 1
    threads: int = 1
    repeats: int = 30
    tolerance_points: float = 5.0


@dataclass(frozen=True)
class PruningSettings:
    """Settings of pruning: the ranking of filters, the target, and how exactly it is met.

    Attributes:
        norm: "l1" or "l2" norm of a filter's weights.
        normalise: "mean" divides a filter's norm by its layer's mean before filters are ranked globally; "none" does
        not.
        tolerance_points: a non-uniformly pruned network may keep so many points of FLOPs, or of parameters, less than
            asked for.
        minimum_channels: channels that every layer keeps at least.
        target: what ratios are parts of: "flops", "parameters" or "latency".
        latency: how it is measured where it is the target; a mapping is the config's section.
        criterion: "norm", the filter norm above, "l1", "l2", or another of `prunescape.pruning.criteria`; in no section
            of the config, because variants differ in it.
    """

    norm: str = "l1"
    normalise: str = "mean"
    tolerance_points: float = 0.5
    minimum_channels: int = 1
    target: str = FLOPS
    latency: Latency | Mapping[str, Any] = field(default_factory=Latency)
    criterion: str = NORM

    @property
    def order(self) -> str | None:
        """The norm that ranks filters; None where another criterion does."""
        return {NORM: self.norm, L1: L1, L2: L2}.get(self.criterion)

    @property
    def clock(self) -> Latency:
        """The settings by which latency is measured."""
        return self.latency if isinstance(self.latency, Latency) else Latency(**self.latency)
