"""The config's section `coherence`."""

from typing import Annotated, Literal

from prunescape.config.section import (
    Count,
    Epoch,
    Epochs,
    FilledIn,
    Flag,
    Fraction,
    Integer,
    NotNegative,
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

Experiment = Literal["gaussian", "trained", "widths", "wide", "fixed", "network", "stability", "early", "matched"]
Initialisation = Literal["he", "scaled", "parent"]
Score = Literal["diff", "magnitude", "gradient", "coherence", "snip", "grasp", "random"]
_SCORES = "What weights of its masks are chosen by (null, `coherence.scores`)."
_INITIALISATIONS = (
    "What children of masks begin with: weights drawn anew after He (`he`); these, divided by the square root of the "
    "part that the mask keeps of their layer, so that signals keep their size (`scaled`); or the initial weights of "
    "the parent (`parent`), a lottery ticket. Those after the first are tried with the best and the random masks of "
    "one scope, `local` if it is among them."
)
Width = Annotated[int, Integer(ge=1, le=1_000_000)]


class Network(Section):
    """A network, and its training."""

    optimiser: Literal["sgd", "adam"] = key("sgd", "The optimiser; Adam has no use for `momentum`.")
    learning_rate: Positive = key(
        ..., "The learning rate, which stays the same throughout.", unit="factor", example=0.1
    )
    weight_decay: NotNegative = key(0.0, "Weight decay (L2).", unit="factor")
    momentum: Fraction = key(0.0, "SGD's momentum.", unit="factor")
    epochs: Epochs | None = key(None, "Length of training on real images (null, that of the recipe).", unit="epochs")
    gaussian_epochs: Epochs | None = key(
        None, "Length of training on noise (null, that on real images).", unit="epochs"
    )
    retraining_epochs: Epochs | None = key(
        None, "Length of the training of children (null, that on real images).", unit="epochs"
    )
    retraining_rate: Positive | None = key(
        None, "Learning rate of children (null, that of the network).", unit="factor"
    )
    lanes: Count | None = key(
        None, "Children trained together as one network (null, `coherence.lanes`).", unit="networks"
    )
    initialisations: Some[Initialisation] = key(
        ("he",), f"{_INITIALISATIONS} Masks of early epochs and of equal layer densities have the first one."
    )
    scores: Some[Score] | None = key(None, _SCORES)


class Mlp(Section):
    """Fully connected networks with three square layers: their widths, and training at a constant learning rate."""

    optimiser: Literal["sgd", "adam"] = key("adam", "The optimiser; Adam has no use for `momentum`.")
    learning_rate: Positive = key(0.0001, "The learning rate, which stays the same throughout.", unit="factor")
    weight_decay: NotNegative = key(0.0, "Weight decay (L2).", unit="factor")
    momentum: Fraction = key(0.0, "SGD's momentum.", unit="factor")
    epochs: Epochs = key(200, "Length of every training.", unit="epochs")
    widths: Some[Width] = key(
        (100, 200, 400, 800, 1200, 1600, 2000, 2400, 2800), "Neurons of every hidden layer.", unit="neurons"
    )
    child: Width = key(
        512,
        "The width of the network that children of ever larger parents have as many weights as.",
        unit="neurons",
    )
    parents: Some[Annotated[Number, within(gt=1)]] = key(
        (2.0, 5.0, 10.0, 20.0, 40.0, 62.0), "How many times as many weights these parents have.", unit="factor"
    )
    initialisations: Some[Initialisation] = key(("he",), _INITIALISATIONS)
    scores: Some[Score] | None = key(None, _SCORES)


class Coherence(Section):
    """The companion study of what per-sample gradients know (`snakemake coherence`).

    Defaults are the thesis on gradient coherence's, and `{}` takes them all, for the networks of `models`; without this
    section there is no such study.
    """

    experiments: Some[Experiment] = key(
        ("gaussian", "trained", "widths", "wide", "fixed", "network", "stability", "early", "matched"),
        "What is done: training on noise (`gaussian`), and from trained weights on noise (`trained`); fully connected "
        "networks of growing width (`widths`), children of parents with ten times the weights (`wide`), and of ever "
        "larger ones (`fixed`); children of the networks themselves (`network`); when masks stop changing "
        "(`stability`), how early a mask may be taken (`early`), and whether chance with equal layer densities does "
        "as well (`matched`). Training on real images always is.",
    )
    seeds: Seeds | None = key(None, "Seeds of its networks (null, those of the config).")
    label_noise: Some[Annotated[Number, within(gt=0, le=1)]] | None = key(
        None,
        "Parts of the training images that have each other's labels, at random, each in a training of its own beside "
        "those with no such images, as long as on noise (null, none is trained).",
        unit="part of the training images",
    )
    tolerance: Annotated[Number, within(ge=0, le=100)] = key(
        0.5,
        "Points by which two accuracies must differ to count as different in the claims.",
        unit="points",
    )
    level: Annotated[Number, within(gt=0, lt=0.5)] = key(
        0.05,
        "How often any answer of the study may be wrong in one direction. It is split over all answers, four fifths "
        "over those to the core questions.",
        unit="part of the studies",
    )
    models: FilledIn[Annotated[dict[str, Network], within(min_length=1)]] = key(
        None,
        "The networks of this study, which need not be among `models`, with their training: a constant learning rate "
        "(null, those of `models`, with their priors and the momentum of the recipe).",
    )
    mlp: Mlp = section(Mlp)
    lanes: Count = key(
        16,
        "Children trained together as one network, on a CPU 1 or a multiple of 16.",
        unit="networks",
    )
    children_a_job: Count | None = key(
        None,
        "Children that one job trains, at least as many as `lanes`; parents of fully connected networks then have a "
        "job each, too (null, all children of a network, or of an experiment with fully connected ones, and a seed).",
        unit="networks",
    )
    samples: Several | None = key(
        None,
        "Training images whose gradients are measured, chosen at random; coherence is then estimated without bias, "
        "with its standard error (null, all of them).",
        unit="images",
    )
    measured_epochs: Some[Epoch] | None = key(
        None,
        "Epochs after which networks are measured, 0 being the initialisation (null, 0 to 5, 10 and 20 more, evenly to "
        "the end); the last one always is, and those after the end of a shorter training are left out.",
        unit="epochs",
    )
    early_epochs: Some[Epoch] | None = key(
        None,
        "Epochs whose masks are tried, beside the mask that is used (null, the measured ones before the end among 1, "
        "2, 3, 5, 10, 20, 50, 100, and 10 %, 20 % and 50 % of the training).",
        unit="epochs",
    )
    density: Part = key(
        0.1,
        "The part that masks keep of the weights that are pruned, which are not all: the last layer stays whole. In "
        "`wide` it is the part of all weights, so that parents have 1/`density` times those of their children, and "
        "masks keep less of what is pruned.",
        unit="part of the weights",
    )
    scores: Some[Score] = key(
        ("diff", "magnitude", "random"),
        "What weights are chosen by; those of gradients at the highest coherence: the size of the mean sign (`diff`) "
        "or of the mean (`gradient`), the coherence of the single weight (`coherence`), SNIP's or GraSP's score. "
        "Questions on other epochs are asked of `diff` and `magnitude` alone.",
    )
    ends: Some[Literal["best", "worst"]] = key(
        ("best", "worst"),
        "Which of them are kept, those with the highest scores (`best`) or with the lowest (`worst`).",
    )
    scopes: Some[Literal["global", "floor", "local"]] = key(
        ("global", "floor", "local"),
        "Among which weights scores are compared: all (`global`), all, with 2 % of each layer kept at least (`floor`; "
        "less where that is more than masks keep), or those of a layer (`local`).",
    )
    augment: Flag = key(False, "Whether real training images are augmented. Noise never is.")
    bins: Annotated[int, Integer(ge=2, le=10000)] = key(100, "Bins of histograms.", unit="bins")
