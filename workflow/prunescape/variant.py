"""A variant: the dense network, or what one way of pruning makes of it."""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from prunescape.training.retraining import AT_INIT, FROM_TRAINED, SCRATCH, WEIGHT_REWINDING

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.models import Model

NORM, FLOPS = "norm", "flops"
UNNAMED = (NORM, SCRATCH, FLOPS)  # defaults, which a variant's name leaves out
NONE = "none"  # in tables, what the dense network has no value of
# What names look like, for Snakemake to find the job that makes a file.
PRUNED_NAME = r"(?:uniform|non_uniform)(?:_[a-z0-9_]+)?-[0-9.e-]+"
VARIANT_NAME = rf"dense|{PRUNED_NAME}"


@dataclass(frozen=True)
class Variant:
    """A network of a study, by how it comes about.

    Attributes:
        method: "dense", or how the channels to remove are spread over layers: "uniform", "non_uniform".
        ratio: the part of the dense network's `target` that is kept, above 0 and at most 1.
        criterion: by which channels are ranked; "none" of the dense network.
        pipeline: what is done with the pruned network; see `prunescape.training.recipe`.
        target: what `ratio` is a part of: "flops", "parameters" or "latency"; "none" of the dense network.
    """

    method: str
    ratio: float
    criterion: str = NORM
    pipeline: str = SCRATCH
    target: str = FLOPS

    @property
    def name(self) -> str:
        """The name in paths and tables, such as `non_uniform_taylor-0.4`; defaults go unnamed. It is never parsed."""
        if self == DENSE:
            return self.method
        words = [self.method, *(word for word in (self.criterion, self.pipeline, self.target) if word not in UNNAMED)]
        return f"{'_'.join(words)}-{self.ratio:g}"

    @property
    def is_dense(self) -> bool:
        """Whether the variant is the dense network."""
        return self == DENSE

    @property
    def goes_on(self) -> bool:
        """Whether training goes on from the weights that pruning left."""
        return self.pipeline != SCRATCH

    @property
    def from_trained(self) -> bool:
        """Whether the trained dense network is what is pruned, and training goes on from its weights."""
        return self.pipeline in FROM_TRAINED

    @property
    def at_init(self) -> bool:
        """Whether an untrained network is pruned, another one for each seed."""
        return self.pipeline == AT_INIT

    @property
    def rewinds(self) -> bool:
        """Whether the weights that are kept are taken back to those of an early epoch."""
        return self.pipeline == WEIGHT_REWINDING

    @property
    def way(self) -> "Variant":
        """The way of pruning, whatever the ratio: the variant that keeps all."""
        return replace(self, ratio=1.0)

    def ratio_after(self, step: int, steps: int) -> float:
        """The part that is kept after a step of pruning in several; each removes as large a part of what is left."""
        return self.ratio if step == steps else float(self.ratio ** (step / steps))

    def row(self) -> dict[str, Any]:
        """The first columns of its rows in tables: its name as `variant`, and `columns`."""
        return {"variant": self.name, **self.columns()}

    def columns(self) -> dict[str, Any]:
        """The variant's five columns in tables, by name."""
        return asdict(self)


DENSE = Variant("dense", 1.0, NONE, SCRATCH, NONE)
COLUMNS = ("method", "ratio", "criterion", "pipeline", "target")


def variants_of(section: "Model", target: str) -> tuple[Variant, ...]:
    """The variants of a model; the dense network comes first.

    Args:
        section: the model's section of the config.
        target: the config's `pruning.target`.
    """
    return (
        DENSE,
        *(
            Variant(method, ratio, criterion, pipeline, target)
            for pipeline in section.pipelines
            for criterion in section.criteria
            for method in section.methods
            for ratio in section.ratios
        ),
    )
