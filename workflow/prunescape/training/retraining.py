"""What is done with a network once it is pruned: the pipelines of the thesis' Figure 1.1. Light: no torch here.

`scratch` trains it from a fresh initialisation, with the whole recipe. The others go on from the weights that pruning
left (Renda et al., 2020, Comparing Rewinding and Fine-tuning in Neural Network Pruning, section 2): `rate_rewinding`
repeats the recipe's schedule from epoch t on; `fine_tuning` trains for as many epochs at the schedule's last learning
rate.
"""

from collections.abc import Mapping
from typing import Any

from prunescape.training.recipe import Recipe

SCRATCH, FINE_TUNING, RATE_REWINDING = "scratch", "fine_tuning", "rate_rewinding"


def retraining(recipe: Mapping[str, Any], pipeline: str, epoch: int) -> tuple[dict[str, Any], float]:
    """The recipe of a pruned network, and what the first learning rate is multiplied by.

    Args:
        recipe: the config's section, by which the dense network is trained; its schedule is "step" or "constant".
        pipeline: "scratch", "fine_tuning" or "rate_rewinding".
        epoch: t, at least 0 and before the recipe's end; the epochs that follow it are trained.
    """
    if pipeline == SCRATCH:
        return dict(recipe), 1.0
    whole = Recipe.from_config(recipe)
    rest = {**recipe, "epochs": whole.epochs - epoch}
    if pipeline == FINE_TUNING:
        return {**rest, "decay_epochs": [], "schedule": "constant"}, whole.learning_rate_factor(whole.epochs)
    later = [decay - epoch for decay in recipe["decay_epochs"] if decay > epoch]
    return {**rest, "decay_epochs": later}, whole.learning_rate_factor(epoch + 1)
