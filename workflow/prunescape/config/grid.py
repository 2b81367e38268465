"""The config's section `grid`."""

from typing import Annotated, Literal

from prunescape.config.section import Integer, NotNegative, Number, Section, Two, key, within

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
    tile: Two[Cells] = key((3, 3), "Cells along both axes that one job trains; they divide the size.", unit="cells")
