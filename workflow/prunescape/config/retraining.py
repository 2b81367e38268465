"""The config's section `retraining`."""

from typing import Annotated

from prunescape.config.section import Epoch, FilledIn, Integer, Section, key


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
