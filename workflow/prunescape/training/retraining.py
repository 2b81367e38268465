"""Pipelines for pruned networks, from the thesis' Figure 1.1: from scratch, fine-tuned, rewound. Light: no torch here.

`scratch` trains it from a fresh initialisation, with the whole recipe (Figure 1.1 c). `prune_at_init` has no training
before: the initial weights say which channels go, and what is left of them is trained with the whole recipe (b). The
others begin with the trained dense network (Renda et al., 2020, Comparing Rewinding and Fine-tuning in Neural Network
Pruning, section 2): `fine_tuning` trains the remaining weights for as many epochs as the recipe has after epoch t, at
the schedule's last learning rate (a); `rate_rewinding` repeats the recipe's schedule from epoch t on (d);
`weight_rewinding` does so too, and takes the remaining weights back to what they were after epoch t (d).

These three may prune in n steps, with a retraining after each: step k goes down to the ratio r^(k/n), the same part of
what is there each time (Renda et al., section 3.2, iterative pruning). The retrainings between steps are at the prior
learning rate and weight decay; the last one is the one whose landscape is measured.
"""

from typing import TYPE_CHECKING

from prunescape.training.recipe import Recipe

if TYPE_CHECKING:  # jobs read this, and need no config
    from prunescape.config.recipe import Recipe as Section

SCRATCH, FINE_TUNING, RATE_REWINDING = "scratch", "fine_tuning", "rate_rewinding"
WEIGHT_REWINDING, AT_INIT = "weight_rewinding", "prune_at_init"
FROM_TRAINED = (FINE_TUNING, RATE_REWINDING, WEIGHT_REWINDING)


def retraining(recipe: "Section", pipeline: str, epoch: int) -> tuple["Section", float]:
    """The recipe of a pruned network, and what the first learning rate is multiplied by.

    Args:
        recipe: the config's section, by which the dense network is trained; its schedule is "step" or "constant" in
            the pipelines that go on from trained weights.
        pipeline: one of those above.
        epoch: t, at least 0 and before the recipe's end; the epochs that follow it are trained.
    """
    if pipeline not in FROM_TRAINED:
        return recipe, 1.0
    whole = Recipe.from_config(recipe.plain())
    rest = recipe.changed(epochs=whole.epochs - epoch)
    if pipeline == FINE_TUNING:
        return rest.changed(decay_epochs=(), schedule="constant"), whole.learning_rate_factor(whole.epochs)
    later = tuple(decay - epoch for decay in recipe.decay_epochs if decay > epoch)
    return rest.changed(decay_epochs=later), whole.learning_rate_factor(epoch + 1)


def resized(recipe: "Section", epochs: int | None) -> "Section":
    """The recipe in other epochs, its decays moved with them by `Recipe.resized`; None leaves it."""
    moved = Recipe.from_config(recipe.plain()).resized(epochs, None)
    return recipe.changed(epochs=moved.epochs, decay_epochs=moved.decay_epochs)


def until(recipe: "Section", epoch: int) -> "Section":
    """The recipe up to the end of an epoch: a training by it ends in the weights that the whole one passes through."""
    return recipe.changed(epochs=epoch, decay_epochs=tuple(decay for decay in recipe.decay_epochs if decay < epoch))
