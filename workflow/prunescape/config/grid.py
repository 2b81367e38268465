"""The config's sections `grid` and `extension`."""

from typing import Annotated, Literal

from prunescape.config.section import (
    AnyNumber,
    Integer,
    NotNegative,
    Number,
    Part,
    Points,
    Positive,
    Section,
    Two,
    key,
    within,
)

Cells = Annotated[int, Integer(ge=1, le=101)]
Hyperparameter = Literal["learning_rate", "weight_decay", "momentum", "batch_size", "epochs", "label_smoothing"]


class GridAxis(Section):
    """A hyperparameter that spans the lattice."""

    name: Hyperparameter = key(..., "The hyperparameter.", example="momentum")
    step: Annotated[Number, within(gt=0, le=100_000)] = key(
        ...,
        "Distance between neighbouring cells, in log10 on a logarithmic axis and else in the hyperparameter's own "
        "unit.",
        unit="log10 or the hyperparameter's",
        example=0.1,
    )
    scale: Literal["auto", "log", "linear"] = key(
        "auto",
        "Whether steps multiply (`log`) or add (`linear`); `auto` is `linear` for momentum and label smoothing, else "
        "`log`. Batch sizes and epochs are rounded to whole numbers.",
    )
    size: Cells = key(9, "Cells along the axis; odd, because the prior is the central cell.", unit="cells")
    prior: NotNegative | None = key(
        None,
        "The centre (null, the model's own `learning_rate` or `weight_decay`, and of the others what `recipe` says); "
        "the dense network is trained with it.",
        unit="the hyperparameter's",
    )
    bounds: Two[NotNegative] | None = key(
        None,
        "The lowest and the highest value that a growing grid may reach (null, `extension.learning_rate` or "
        "`extension.weight_decay`, and of the others any that can be trained).",
        unit="the hyperparameter's",
        hint="write [lowest, highest]",
    )


class Grid(Section):
    """The initial lattice of cells around each model's prior, of any two hyperparameters."""

    axes: Two[GridAxis] | None = key(
        None,
        "The two hyperparameters that span the lattice (null, learning rate and weight decay by `step` and `size`); "
        "the first one is upright in pictures. See docs/axes.md.",
        hint="write two entries such as {name: momentum, step: 0.1}",
    )
    step: Annotated[Number, within(gt=0, le=2)] = key(
        0.2, "Distance between neighbouring cells, without `axes`.", unit="log10"
    )
    size: Two[Cells] = key(
        (9, 9),
        "Cells along (learning rate, weight decay) without `axes`; odd, because the prior is the central cell.",
        unit="cells",
    )
    seeds: Annotated[int | str, Integer(ge=1, word="per_cell")] | None = key(
        None,
        "How many of `seeds`, the first ones, every cell is trained with (null, all). One is enough to explore, since "
        "only fresh seeds decide (`verdict.confirm`); numbers of the thesis have intervals from two on. With "
        "`per_cell` each cell is trained once with a seed of its own (of order, augmentation and initialisation; all "
        "networks share it), so that neighbours share no luck; it is trained by itself, which takes longer.",
        unit="seeds",
        hint="or write per_cell",
    )
    tile: Two[Cells] = key((3, 3), "Cells along both axes that one job trains; they divide the size.", unit="cells")


class Exploration(Section):
    """How landscapes are explored: by a full grid, or by few trainings that a surrogate of all networks chooses."""

    method: Literal["grid", "adaptive"] = key(
        "grid",
        "`grid` trains every cell; `adaptive` begins with cells that fill the space, and adds batches, on the same "
        "lattice. Ellipses, risk and what else rests on whole landscapes need the grid.",
    )
    trainings: Annotated[int, Integer(ge=1, le=10_000)] = key(
        32, "Adaptive: most trainings of a network, in whole batches. It may be raised later.", unit="trainings"
    )
    batch: Annotated[int, Integer(ge=1, le=1000)] = key(
        8,
        "Adaptive: trainings of a network in a round, which are one job for each of their seeds.",
        unit="trainings",
    )
    worth: Annotated[Number, within(ge=0, le=100)] = key(
        0.001,
        "Adaptive: a network is done once a further batch is expected to raise its best estimate by less.",
        unit="points",
    )
    rungs: AnyNumber[Part] = key(
        (),
        "Adaptive: parts of the epochs after which a training is stopped that would end far below the best ones of its "
        "network even if it rose as good ones have; it is looked at after the next validation ([], never). See "
        "docs/hpspace.md.",
        unit="fraction",
        example=[0.25, 0.5, 0.75],
    )


class Extension(Section):
    """Growth of the grid: tiles are added beside a variant's region of interest at the border, for all variants."""

    rounds: Annotated[int, Integer(ge=0, le=20)] = key(3, "Most rounds of growth (0, off).", unit="rounds")
    roi: Points = key(
        1.0, "The region of interest that must not touch the border, in points below the best cell.", unit="points"
    )
    learning_rate: Two[Positive] = key(
        (1e-05, 10.0),
        "The lowest and the highest learning rate that the grid may reach.",
        unit="factor",
        hint="write [lowest, highest]",
    )
    weight_decay: Two[Positive] = key(
        (1e-07, 1.0),
        "The lowest and the highest weight decay that the grid may reach.",
        unit="factor",
        hint="write [lowest, highest]",
    )
