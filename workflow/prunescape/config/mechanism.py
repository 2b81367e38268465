"""The config's section `mechanism`."""

from typing import Annotated, Literal

from prunescape.config.section import (
    Count,
    Epoch,
    Epochs,
    Integer,
    Number,
    Part,
    Positive,
    Section,
    Seeds,
    Several,
    Some,
    key,
    section,
    within,
)

Experiment = Literal["epochs", "sizes", "pruned", "channels", "prediction", "cycles"]


class Cycles(Section):
    """Pruning and retraining again and again (section 3 of the paper, Table 1, Fig. 6, 16)."""

    number: Annotated[int, Integer(ge=1, le=1000)] = key(5, "How often.", unit="cycles")
    prunings: Some[Literal["weights", "channels"]] = key(
        ("weights", "channels"),
        "What is pruned: `weights` of convolutions by magnitude, `channels` by batch norm's scale; networks without "
        "batch norm lose weights alone.",
    )
    retrainings: Some[Literal["fine_tuning", "rewinding"]] = key(
        ("fine_tuning", "rewinding"),
        "The learning rate of retraining, the last of pretraining (`fine_tuning`) or all of its schedule again "
        "(`rewinding`).",
    )
    weights: Part = key(0.3, "The part of the remaining weights that a cycle removes.", unit="part of the weights")
    channels: Part = key(0.2, "The part of the remaining channels that a cycle removes.", unit="part of the channels")
    small: Literal["last", "every"] = key(
        "last",
        "Whether a small network of equal size is trained from scratch beside the `last` cycle or beside `every` one.",
    )


class Prediction(Section):
    """Random sets of channels that are removed, to see what foretells the accuracy after retraining."""

    sets: Annotated[int, Integer(ge=3, le=100_000)] = key(
        16, "Sets of equal size; each is fine-tuned without, twice.", unit="sets"
    )
    fraction: Part = key(0.5, "The part of the channels inside blocks that a set holds.", unit="part of the channels")


class Surface(Section):
    """Planes through the pretrained, a pruned and a retrained network, and lines between networks."""

    side: Annotated[int, Integer(ge=2, le=1001)] = key(21, "Points along each side of a plane's grid.", unit="points")
    cycles: Some[Count] | None = key(None, "The cycles whose planes are measured (null, all).", unit="cycles")
    statistics: Some[Literal["recomputed", "combined"]] = key(
        ("recomputed", "combined"),
        "What batch norm has between networks: statistics that are measured anew at every point (`recomputed`), or "
        "those of the networks, combined like their weights (`combined`). Each is measured and stated by itself, as "
        "they may lead to opposite answers. Without batch norm there is one way.",
    )
    line: Annotated[int, Integer(ge=3, le=10_001)] = key(
        21, "Points of a line between two networks, both ends included.", unit="points"
    )


class Mechanism(Section):
    """The companion study of weight utility and loss basins (`snakemake mechanism`).

    Who does the work in a network, and in which basin does retraining end? Defaults are the utility paper's; `{}` takes
    them all, and without this section there is no such study. It uses all of `models`, trained with their priors, once
    a seed.
    """

    experiments: Some[Experiment] = key(
        ("epochs", "sizes", "pruned", "channels", "prediction", "cycles"),
        "What is done: utility over a training (`epochs`), over network size (`sizes`), after pruning and retraining "
        "(`pruned`), of channels and as a predictor (`channels`), what foretells the accuracy after retraining "
        "(`prediction`), and pruning in cycles with surfaces and barriers (`cycles`).",
    )
    seeds: Seeds | None = key(None, "Seeds of its pretrained networks (null, those of the config).")
    level: Annotated[Number, within(gt=0, lt=0.5)] = key(
        0.05,
        "How often any of the study's answers may be wrong, in each direction: it is split over all of them, four "
        "fifths over those to the core questions.",
        unit="probability",
    )
    lanes: Count = key(
        16, "Networks trained and measured together as one, on a CPU 1 or a multiple of 16.", unit="networks"
    )
    images: Several | None = key(
        None, "Training images that utility, surfaces and barriers are measured on (null, all of them).", unit="images"
    )
    tolerance: Annotated[Number, within(ge=0, le=100)] = key(
        2.0,
        "Up to this much the error may rise between the pretrained and a retrained network, and be higher in the "
        "retrained one than in the pretrained and in a small one of its size, where they count as in one basin.",
        unit="points",
    )
    subsets: Annotated[int, Integer(ge=4, le=1_000_000)] = key(
        500, "N: random subsets of weights that are ablated at each level.", unit="subsets"
    )
    standard_error: Positive | None = key(
        None,
        "Draw as many subsets as bring the standard error of the imbalance to about this, by 32 subsets of a pilot, "
        "which are not among them; `subsets` are then the most (null, draw them all).",
        unit="nats",
    )
    precision: Annotated[Number, within(gt=0, lt=1)] | None = key(
        None,
        "Let a pilot of 32 other subsets on 500 images choose, for each sample set, how many subsets and images bring "
        "the relative standard errors of mean utility and imbalance to this with the fewest evaluations; `subsets` and "
        "`images` are then the most (null, take all of both).",
        unit="part of the number",
    )
    ablation_precision: Literal["engine", "bfloat16"] = key(
        "engine",
        "The numbers with which ablated networks are evaluated: those of `engine.precision`, or `bfloat16`, which is "
        "faster where a processor has it and changes utilities by some percent (docs/mechanism.md).",
    )
    levels: Some[Part] = key(
        (0.01, 0.05, 0.075, 0.1, 0.15, 0.25),
        "Ablation ratios: the parts of the weights that are set to zero. One at which a network has fewer different "
        "subsets than `subsets`, or bands than `bands`, is left out there.",
        unit="part of the weights",
    )
    bands: Annotated[int, Integer(ge=2, le=10_000)] = key(
        20, "Bands of equal magnitude at each ablation ratio (Fig. 1, right).", unit="bands"
    )
    measured_epochs: Some[Epoch] | None = key(
        None,
        "Epochs after which utility is measured, 0 being the initialisation (null, 0 and 20 more, evenly to the end); "
        "the last one always is.",
        unit="epochs",
    )
    epoch_statistics: Literal["recomputed", "running"] = key(
        "recomputed",
        "What batch norm has in the network of an epoch before subsets are ablated: statistics that are measured anew "
        "on training images (`recomputed`), or those that training has averaged by then (`running`), which fit no "
        "network before training and lag behind it early on.",
    )
    sizes: Some[Annotated[Number, within(gt=0, le=1)]] = key(
        (1.0, 0.5, 0.25),
        "Sizes of the networks that are pruned at random before training, as parts of the whole one's weights; the "
        "whole one, 1, always is among them.",
        unit="part of the weights",
    )
    pruning_ratios: Some[Part] = key(
        (0.25, 0.5, 0.75),
        "Parts of the convolutions' weights that are pruned in one shot, before the network is retrained.",
        unit="part of the weights",
    )
    retraining_epochs: Epochs | None = key(
        None,
        "Length of retraining, once and in each cycle (null, that of the pretraining); the epochs at which the "
        "learning rate decays move in proportion. Fine-tuning is at the last learning rate of the pretraining, "
        "however short it is.",
        unit="epochs",
    )
    prediction: Prediction = section(Prediction)
    cycles: Cycles = section(Cycles)
    surface: Surface = section(Surface)
