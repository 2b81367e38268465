"""The study `coherence`: what it does with each network, and how much work that is, as the config has it."""

from prunescape.coherence import schedule

COHERENCE_STUDY = config["coherence"]
COHERENCE = f"{RESULTS}/coherence"
COHERENCE_TOLERANCE = COHERENCE_STUDY["tolerance"]
STUDIED = COHERENCE_STUDY["models"]
MLP, MLP_WIDTH = "mlp", 512  # its own width, by which the FLOPs of its architecture.json are counted
MLPS = COHERENCE_STUDY["mlp"]
RUNS = ["real_fresh"] + [
    f"gaussian_{start}"
    for start, name in (("fresh", "gaussian"), ("trained", "trained"))
    if name in COHERENCE_STUDY["experiments"]
]
SPARSE = ["network", "stability", "early", "matched"]  # what masks of the networks are needed for


def performed(*names):
    """Whether one of these experiments is wanted."""
    return any(name in COHERENCE_STUDY["experiments"] for name in names)


def epochs_of(model, run):
    """The length of a training."""
    real = STUDIED[model]["epochs"] or config["recipe"]["epochs"]
    if run == "children":
        return STUDIED[model]["retraining_epochs"] or real
    return real if run.startswith("real") else STUDIED[model]["gaussian_epochs"] or real


def watched_epochs(epochs):
    """The epochs of a training after which its network is measured."""
    return schedule.measured_epochs(epochs, COHERENCE_STUDY["measured_epochs"])


def early_epochs(model):
    """The epochs whose masks are tried."""
    epochs = epochs_of(model, "real_fresh")
    return schedule.early_epochs(epochs, watched_epochs(epochs), COHERENCE_STUDY["early_epochs"])


def constant_recipe(section, epochs):
    """The recipe of a training of this study: at a constant learning rate, validated at its end."""
    own = {name: section[name] for name in ("optimiser", "momentum")}
    constant = {"schedule": "constant", "decay_epochs": [], "epochs": epochs, "evaluate_every": epochs}
    return {**config["recipe"], **own, **constant, "clip": None}


def coherence_masks():
    """How many masks a parent has."""
    ended = [name for name in COHERENCE_STUDY["scores"] if name != "random"]
    kinds = len(ended) * len(COHERENCE_STUDY["ends"]) + ("random" in COHERENCE_STUDY["scores"])
    return kinds * len(COHERENCE_STUDY["scopes"])


def sparse_children(model):
    """How many networks are trained with masks of a model, and the dense one."""
    trained = [name for name in COHERENCE_STUDY["scores"] if name != "random"]
    ends = len(COHERENCE_STUDY["ends"])
    alone = 1 if performed("network") else 2
    return (
        performed("network") * (1 + coherence_masks())
        + performed("matched") * len(trained) * ends * alone
        + performed("early") * len(trained) * len(early_epochs(model))
    )


def pairs(experiment):
    """Width of the dense network with as many weights as the children, and how many times as many their parent has."""
    if experiment == "wide":
        return [[width, round(1 / COHERENCE_STUDY["density"], 6)] for width in MLPS["widths"]]
    return [[MLPS["child"], ratio] for ratio in MLPS["parents"]]


def all_widths():
    """The widths of dense networks that are trained."""
    return sorted(
        {*(MLPS["widths"] if performed("widths", "wide") else []), *([MLPS["child"]] if performed("fixed") else [])}
    )


MLP_EXPERIMENTS = [name for name in ("wide", "fixed") if performed(name)]
# By rule, how many networks a job on one model trains or measures.
COHERENCE_NETWORKS = {
    "train_run": lambda model: 1 if model in STUDIED else 0,
    "measure_runs": lambda model: (
        sum(len(watched_epochs(epochs_of(model, run))) for run in RUNS) if model in STUDIED else 0
    ),
    "retrain_masks": lambda model: sparse_children(model) if model in STUDIED and performed(*SPARSE) else 0,
    "train_widths": lambda model: len(all_widths()) if model == MLP else 0,
    "prune_parents": lambda model: (
        max([len(pairs(name)) * (1 + coherence_masks()) for name in MLP_EXPERIMENTS], default=0) if model == MLP else 0
    ),
}
