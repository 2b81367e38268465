"""The config's section `stochastic`."""

from typing import Annotated, Literal

from prunescape.config.section import (
    Count,
    Draws,
    Epochs,
    NotNegative,
    Number,
    Part,
    Positive,
    Section,
    Several,
    Some,
    Two,
    key,
    section,
    within,
)

Method = Literal["magnitude", "lamp", "grasp", "random", "wanda", "sparsegpt"]
Scope = Literal["usual", "global", "uniform", "erk", "output", "2of4", "4of8"]
SCOPES = "Among which weights scores are compared, each score in each of them (docs/stochastic.md)."


class Sweep(Section):
    """One-shot accuracy over pruning rate and noise (SP paper, Fig. 1, 5)."""

    methods: Some[Method] = key(
        ("magnitude", "lamp", "grasp", "random"), "How weights are scored; the lowest are removed."
    )
    scopes: Some[Scope] = key(("usual",), SCOPES)
    gammas: Some[Part] = key(
        (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98),
        "Pruning rates gamma: the part of the weights that is removed.",
        unit="part of the weights",
    )
    sigmas: Some[Positive] = key(
        (0.001, 0.002, 0.003, 0.004, 0.005, 0.008), "Standard deviations sigma of the noise.", unit="weight"
    )
    draws: Draws = key(5, "Noisy networks of each setting.", unit="networks")
    shown_gammas: Some[Part] | None = key(
        None,
        "Pruning rates of the figure `seeds` (null, a mild one and that of the largest gain).",
        unit="part of the weights",
    )
    shown_sigma: Positive | None = key(
        None, "Noise of the figure `seeds` (null, that of the largest gain).", unit="weight"
    )


class NoiseGrid(Section):
    """The grid search for the largest gain over deterministic pruning (SP paper, Table I, left).

    It chooses on held-out images; what it chose is confirmed on the test images.
    """

    methods: Some[Method] = key(
        ("magnitude", "lamp", "grasp"), "How weights are scored; each has a best cell of its own, magnitude always."
    )
    scopes: Some[Scope] = key(("usual",), SCOPES)
    gammas: Some[Part] = key(
        (0.8, 0.9, 0.95), "Pruning rates gamma: the part of the weights that is removed.", unit="part of the weights"
    )
    sigmas: Some[Positive] = key((0.001, 0.003, 0.005), "Standard deviations sigma of the noise.", unit="weight")
    draws: Draws = key(10, "Noisy networks of each setting; their median counts.", unit="networks")


class Confirm(Section):
    """The confirmation of what exploring chose: networks trained anew, test images, and draws that chose nothing."""

    seeds: Count = key(
        10, "Networks that are trained anew, with seeds that are used for nothing else.", unit="networks"
    )
    draws: Draws = key(
        20,
        "Noisy networks of each setting around each of them; their median counts (SP paper, Fig. 4).",
        unit="networks",
    )
    generation: Count = key(
        1,
        "Number of the confirmation. Add one where you have seen the answers and explore otherwise, or ask for more "
        "networks: all are trained anew, and the level shrinks to a part of 0.8, 0.1, 0.05, ...",
        unit="generations",
    )


class Transfer(Section):
    """Masks and weights exchanged between noisy and noiseless networks (SP paper, Fig. 2, 3)."""

    gammas: Some[Part] = key(
        (0.6, 0.8, 0.9), "Pruning rates gamma: the part of the weights that is removed.", unit="part of the weights"
    )
    draws: Draws = key(80, "Noisy networks of each setting, around each confirming network.", unit="networks")


class FineTuning(Section):
    """Training of pruned networks with their masks held (SP paper, section IV-E, Table II, Fig. 8)."""

    methods: Some[Method] = key(("magnitude", "lamp", "grasp"), "How weights are scored.")
    scopes: Some[Scope] = key(("usual",), SCOPES)
    sigmas: Some[Positive] = key((0.001, 0.003, 0.005), "Standard deviations sigma of the noise.", unit="weight")
    draws: Draws = key(5, "Noisy networks of each setting.", unit="networks")
    epochs: Epochs = key(100, "Length of the training.", unit="epochs")
    learning_rate: Positive = key(0.0001, "Initial learning rate; it falls to zero along half a cosine.", unit="factor")
    weight_decay: NotNegative = key(5e-05, "Weight decay.", unit="factor")
    clip: Positive | None = key(0.1, "Limit of a network's gradient (null, none).", unit="gradient")
    clip_by: Literal["value", "norm"] = key(
        "value",
        "What of the gradient is limited: the absolute `value` of each entry, as in the code of the paper's authors, "
        "or its `norm`, by which weights hardly move at the paper's learning rate.",
    )
    batch_norm: Literal["frozen", "live"] = key(
        "frozen",
        "Whether batch norm keeps its statistics, scales and shifts, as in the authors' code (`frozen`), or is trained "
        "on (`live`), which measures its statistics anew, and so recalibrates it.",
    )


class Basin(Section):
    """Lines between the networks of the chosen setting, fine-tuned ones too (SP paper, section V)."""

    points: Several = key(11, "Networks on each line, its ends included.", unit="networks")
    draws: Draws = key(2, "Noisy networks that lines lead to, of those that are fine-tuned.", unit="networks")


class Grasp(Section):
    """How GraSP takes the loss whose gradient flow it preserves."""

    temperature: Positive = key(
        1.0,
        "What logits are divided by; 200 in Wang et al. (2020) and in the code of the paper's authors.",
        unit="factor",
    )
    batch_norm: Literal["running", "batch"] = key(
        "running",
        "Which statistics batch norm uses meanwhile: its `running` ones, or those of each `batch`, as there.",
    )


class Search(Section):
    """The search for noise and pruning rate with two objectives at once (SP paper, IV-C, Fig. 7, Table I, right)."""

    algorithms: Some[Literal["nsga2", "random"]] = key(("nsga2", "random"), "How candidates are proposed.")
    budget: Count = key(150, "Candidates measured in each search.", unit="candidates")
    population: Several = key(
        15, "Candidates of a generation; 50 in the code of the paper's authors.", unit="candidates"
    )
    seeds: Count = key(
        1,
        "Searches of each kind around each network, with seeds of their own; algorithms are compared by their means, "
        "and fronts are those of the first.",
        unit="searches",
    )
    sigma: Two[Positive] = key(
        (0.0001, 0.01), "Lowest and highest noise.", unit="weight", hint="write [lowest, highest]"
    )
    gamma: Two[Part] = key(
        (0.01, 0.99), "Lowest and highest pruning rate.", unit="part of the weights", hint="write [lowest, highest]"
    )
    draws: Draws = key(10, "Noisy networks of each candidate; their median counts.", unit="networks")


class Structured(Section):
    """Noise before structured pruning, at the `methods` and `ratios` of each model (beyond the SP paper)."""

    sigmas: Some[Positive] = key((0.001, 0.003, 0.005), "Standard deviations sigma of the noise.", unit="weight")
    draws: Draws = key(5, "Noisy networks of each setting.", unit="networks")


class Stochastic(Section):
    """The companion study of noise before pruning (`snakemake stochastic`).

    Defaults are the SP paper's; `{}` takes them all, and without this section there is no such study. It uses all of
    `models`, trained with their priors, once a seed.
    """

    held_out: Count = key(
        5000,
        "Training images that networks of this study are not trained on; all that chooses takes its accuracies from "
        "them (sweep, grid, search and structured pruning), never from the test images.",
        unit="images",
    )
    sample: Several | None = key(
        2048,
        "Training images, not augmented, on which batch norm is recalibrated, GraSP scores weights, and gradient flow "
        "and feature variance are measured (null, or more than there are, all that are trained on).",
        unit="images",
    )
    perturbed: Literal["prunable", "all"] = key(
        "prunable",
        "What noise is added to: the weights that can be pruned, of convolutions and fully connected layers "
        "(`prunable`), or every parameter (`all`).",
    )
    exclude: Literal["none", "first_last"] = key(
        "none",
        "Layers that are never pruned, and that noise is added to only where `perturbed` is `all`: `none`, or the "
        "first and the last (`first_last`), as in the code of the paper's authors.",
    )
    lanes: Count = key(
        16, "Networks evaluated and fine-tuned together as one, on a CPU 1 or a multiple of 16.", unit="networks"
    )
    tolerance: Annotated[Number, within(ge=0, le=100)] = key(
        0.5,
        "Points by which noise must gain for the gain to count: the margin of the claims.",
        unit="points",
    )
    level: Annotated[Number, within(gt=0, lt=0.5)] = key(
        0.05,
        "How often any answer of the study may be wrong in one direction; four fifths of it go to the core questions.",
        unit="probability",
    )
    sweep: Sweep = section(Sweep)
    grid: NoiseGrid = section(NoiseGrid)
    confirm: Confirm = section(Confirm)
    transfer: Transfer = section(Transfer)
    fine_tuning: FineTuning = section(FineTuning)
    basin: Basin = section(Basin)
    grasp: Grasp = section(Grasp)
    search: Search = section(Search)
    structured: Structured = section(Structured)
