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
    drop_last: bool = key(False, "Leave out the last batch of an epoch where it is incomplete, if there is a full one.")
    optimiser: Literal["sgd", "adam", "adamw"] = key(
        "sgd",
        "SGD with momentum; or Adam, with coupled (`adam`) or decoupled weight decay (`adamw`), which has no use for "
        "`momentum`.",
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
    warmup_epochs: Epoch = key(
        0,
        "The first epochs, over which the learning rate climbs to its full height in even steps: with 4, it is 1/5, "
        "2/5, 3/5 and 4/5 of it. `cosine` begins to fall after them.",
        unit="epochs",
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

    def part(self, begin: int, end: int) -> "PartOfRecipe":
        """The recipe of the epochs after `begin` and up to `end`, with the learning rates that they have here."""
        return PartOfRecipe.model_construct(
            **{**dict(self), "epochs": end - begin}, schedule_epochs=self.epochs, schedule_begin=begin
        )


class PartOfRecipe(Recipe):
    """A recipe of a job: all or some epochs of the config's; no part of a config."""

    epochs: Epoch = key(..., "Epochs that are trained; none up to the initialisation.", unit="epochs")
    schedule_epochs: Epochs | None = key(
        None, "Length of the schedule that these epochs are of (null, they are all of it).", unit="epochs"
    )
    schedule_begin: Epoch = key(0, "Epochs of it before these.", unit="epochs")


class Retraining(Section):
    """How pruned networks go on that are not trained from scratch (see `models.<name>.pipelines`)."""

    rewind_epoch: FilledIn[Epoch] = key(
        None,
        "The epoch of the recipe after which the schedule is repeated; what follows it is trained (null, half of the "
        "epochs).",
        unit="epochs",
    )
    fine_tuning_rate: Positive | None = key(
        None,
        "The learning rate of `fine_tuning`, as a part of the grid's (null, the schedule's last one; a cosine's is "
        "next to nothing, so there it must be chosen).",
        unit="part of the learning rate",
    )
    steps: Annotated[int, Integer(ge=1, le=100)] = key(
        1,
        "Steps in which `fine_tuning`, `rate_rewinding` and `weight_rewinding` prune, each to the same part of what "
        "is there, with a retraining at the prior hyperparameters between them; the landscape is that of the last "
        "retraining.",
        unit="steps",
    )
