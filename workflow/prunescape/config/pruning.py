"""The config's section `pruning`."""

from typing import Annotated, Literal

from prunescape.config.section import Count, Integer, Points, Section, key, section


class Latency(Section):
    """How latency is measured where it is the target: the median of forward passes of one batch."""

    device: Literal["cpu", "cuda"] = key(
        "cpu", "Where networks will be used, which need not be where they are trained."
    )
    batch_size: Annotated[int, Integer(ge=1, le=100_000)] = key(1, "Images of the batch.", unit="images")
    threads: Annotated[int, Integer(ge=1, le=1024)] = key(1, "Threads of the processor.", unit="threads")
    repeats: Annotated[int, Integer(ge=3, le=100_000)] = key(30, "Forward passes of each measurement.", unit="passes")
    tolerance_points: Points = key(
        5.0,
        "Most that the achieved part of the latency may stay below its target; latency falls in steps.",
        unit="points",
    )


class Pruning(Section):
    """How filters are chosen."""

    norm: Literal["l1", "l2"] = key("l1", "The norm by which filters are ranked, where the criterion is `norm`.")
    normalise: Literal["none", "mean"] = key(
        "mean",
        "How filter norms are made comparable between layers in the non-uniform ranking: `mean` divides each by its "
        "layer's mean, `none` leaves them.",
    )
    tolerance_points: Points = key(
        0.5, "Most that a non-uniform network's achieved ratio may miss its target by.", unit="points"
    )
    minimum_channels: Count = key(1, "Fewest channels that any layer keeps.", unit="channels")
    target: Literal["flops", "parameters", "latency"] = key(
        "flops",
        "What ratios are parts of: the dense network's `flops`, `parameters`, or its measured `latency`. What is "
        "measured is kept in `results/<run>/latency`, and measured again only where that is deleted or the question "
        "is another one.",
    )
    latency: Latency = section(Latency)
