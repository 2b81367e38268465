"""Names of things in the study's tables and files."""

PAPER = "An empirical study of a pruning mechanism (ICLR 2021 submission)"  # "the utility paper"
WHOLE = "1"  # the network of full size, as `%g` writes it
PRUNED = {"weights": "weight pruning", "channels": "channel pruning"}
RETRAINED = {"fine_tuning": "fine-tuning", "rewinding": "learning-rate rewinding"}
# Lines: from W* to W_r, and beside it from W* to the small network of the same cycle, from the cycle before to W_r, and
# from W* as far in a random direction; and between the W* of two seeds.
OF_CYCLES, TO_SMALL, FROM_LAST, AT_RANDOM, OF_SEEDS = "pruned_retrained", "small", "last_cycle", "random", "seeds"
# Those between seeds once more, with the second network's channels in the order that suits the first.
BY_WEIGHTS, BY_ACTIVATIONS = "seeds_by_weights", "seeds_by_activations"
MATCHED = {BY_WEIGHTS: "matched by weights", BY_ACTIVATIONS: "matched by activations"}
# Scores of sets of channels that are removed.
PREDICTORS = ("utility", "magnitude", "taylor", "fisher", "random")
