"""Pipelines for pruned networks, from the thesis' Figure 1.1: from scratch, fine-tuned, rewound. Light: no torch here.

`scratch` trains it from a fresh initialisation, with the whole recipe (Figure 1.1 c). `prune_at_init` has no training
before: the initial weights say which channels go, and what is left of them is trained with the whole recipe (b). The
others begin with the trained dense network (Renda et al., 2020, Comparing Rewinding and Fine-tuning in Neural Network
Pruning, section 2): `fine_tuning` trains the remaining weights for as many epochs as the recipe has after epoch t, at a
small and fixed learning rate (a), usually the schedule's last one (utility paper, section 4); `rate_rewinding` repeats
the recipe's schedule from epoch t on (d); `weight_rewinding` does so too, and takes the remaining weights back to what
they were after epoch t (d). A warm-up is repeated as far as it follows t.

The last learning rate of a cosine is that of its last epoch, 7.6e-5 of the first one's in 180 epochs. At such a rate
nothing is learnt, and tuning it again would gain a lot on any network. So it is chosen there (the SP paper, section IV,
pretrains along a cosine from 0.1, and fine-tunes from 0.0001).

These three may prune in n steps, with a retraining after each: step k goes down to the ratio r^(k/n), the same part of
what is there each time (Renda et al., section 3.2, iterative pruning). The retrainings between steps are at the prior
learning rate and weight decay; the last one is the one whose landscape is measured.
"""

from prunescape.config.recipe import Recipe as Section
from prunescape.training.recipe import Recipe

SCRATCH, FINE_TUNING, RATE_REWINDING = "scratch", "fine_tuning", "rate_rewinding"
WEIGHT_REWINDING, AT_INIT = "weight_rewinding", "prune_at_init"
FROM_TRAINED = (FINE_TUNING, RATE_REWINDING, WEIGHT_REWINDING)


def retraining(recipe: Section, pipeline: str, epoch: int, rate: float | None = None) -> tuple[Section, float]:
    """The recipe of a pruned network, and what its learning rate is multiplied by.

    Args:
        recipe: the config's section, by which the dense network is trained.
        pipeline: one of those above.
        epoch: t, at least 0 and before the recipe's end; the epochs that follow it are trained.
        rate: the learning rate of fine-tuning, as a part of the recipe's; None, the last one of the schedule.
    """
    if pipeline not in FROM_TRAINED:
        return recipe, 1.0
    if pipeline != FINE_TUNING:
        return recipe.part(epoch, recipe.epochs), 1.0
    rest = recipe.changed(epochs=recipe.epochs - epoch, warmup_epochs=0, decay_epochs=(), schedule="constant")
    last = Recipe.from_config(recipe).learning_rate_factor(recipe.epochs)
    return rest, last if rate is None else rate


def resized(recipe: Section, epochs: int | None) -> Section:
    """The recipe in other epochs, its decays moved with them by `Recipe.resized`; None leaves it."""
    moved = Recipe.from_config(recipe).resized(epochs, None)
    return recipe.changed(epochs=moved.epochs, decay_epochs=moved.decay_epochs, warmup_epochs=moved.warmup_epochs)


def until(recipe: Section, epoch: int) -> Section:
    """The recipe up to the end of an epoch: a training by it ends in the weights that the whole one passes through."""
    return recipe.part(0, epoch)
