"""The config's sections `recipe` and `retraining`."""

from typing import Annotated, Literal

from prunescape.config.section import (
    AnyNumber,
    Count,
    Epoch,
    Epochs,
    FilledIn,
    Fraction,
    Integer,
    Number,
    Positive,
    Section,
    key,
    within,
)


class Recipe(Section):
    """How every network is trained: He initialisation, by default SGD with momentum and a step-wise schedule."""

    epochs: Epochs = key(180, "Length of every training.", unit="epochs")
    batch_size: Annotated[int, Integer(ge=1, le=1_000_000)] = key(128, "Images a step.", unit="images")
    optimiser: Literal["sgd", "adam"] = key(
        "sgd", "SGD with momentum; or Adam (`adam`), with coupled weight decay, which has no use for `momentum`."
    )
    momentum: Fraction = key(0.9, "SGD's momentum.", unit="factor")
    label_smoothing: Fraction = key(
        0.0, "The part of each target that is spread evenly over all classes.", unit="part of the target"
    )
    schedule: Literal["step", "cosine", "constant"] = key(
        "step",
        "How the learning rate falls: by `decay` after each of `decay_epochs` (`step`), to zero along half a cosine "
        "(`cosine`), or not at all (`constant`).",
    )
    clip: Positive | None = key(
        None, "Largest norm of a network's gradient; longer ones are shortened to it (null, none are).", unit="norm"
    )
    decay_epochs: FilledIn[AnyNumber[Count]] = key(
        None,
        "Epochs after which the learning rate decays (null, after 50 % and 75 % of the epochs; [], never).",
        unit="epochs",
    )
    decay: Annotated[Number, within(gt=0, le=1)] = key(
        0.1, "The factor by which the learning rate is multiplied at each decay.", unit="factor"
    )
    evaluate_every: Epochs = key(1, "Validate after every so many epochs, and always after the last.", unit="epochs")


class Retraining(Section):
    """How pruned networks go on that are not trained from scratch (see `models.<name>.pipelines`)."""

    rewind_epoch: FilledIn[Epoch] = key(
        None,
        "The epoch of the recipe after which the schedule is repeated; what follows it is trained (null, half of the "
        "epochs).",
        unit="epochs",
    )
    steps: Annotated[int, Integer(ge=1, le=100)] = key(
        1,
        "Steps in which `fine_tuning`, `rate_rewinding` and `weight_rewinding` prune, each to the same part of what "
        "is there, with a retraining at the prior hyperparameters between them; the landscape is that of the last "
        "retraining.",
        unit="steps",
    )
