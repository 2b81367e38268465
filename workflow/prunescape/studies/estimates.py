"""Meanings of the columns of estimates, intervals and published numbers of the main job (docs/statistics.md)."""

from collections.abc import Iterable

from prunescape.studies.columns import COLUMNS, NUMBER, POINTS, TEXT, WHOLE, Column

BOUNDS = ("measured", "estimate", "low", "high")
REGION = (
    "n_cells",
    "centre_log10_weight_decay",
    "centre_log10_learning_rate",
    "length",
    "width",
    "angle_degrees",
    "area",
)
PUBLISHED_REGION = ("length", "width", "centre_log10_weight_decay", "centre_log10_learning_rate")
REGION_CELLS = {"n_cells": COLUMNS["n_cells"]._replace(type=NUMBER)}  # written as 1.0, because it may be missing
_RISK = ("d_mean", "d_std", "rel_mean", "rel_std")
RISK = (*_RISK, "rel_q3", "loss_at_dense_optimum", "d_excess", "within_twice")
PUBLISHED_RISK = (*_RISK, "d_excess")
SETUP = ("input_shape", "train_images", "validation_images", "classes")
_MEANT = {
    "_estimate": "median of its distribution given the cells",
    "_low": "lower end of its interval, whose confidence is `analysis.confidence`",
    "_high": "upper end of its interval, whose confidence is `analysis.confidence`",
}


def estimated(*names: str) -> tuple[str, ...]:
    """The columns of numbers that have an estimate and an interval beside what was measured."""
    return tuple(f"{name}{end}" for name in names for end in ("", "_estimate", "_low", "_high"))


def bounded(*names: str) -> tuple[str, ...]:
    """The columns of numbers that have an interval."""
    return tuple(f"{name}{end}" for name in names for end in ("", "_low", "_high"))


def beside(*names: str) -> tuple[str, ...]:
    """The columns that compare numbers with those of the thesis."""
    return (*(f"published_{name}" for name in names), "setting", *(f"difference_{name}" for name in names))


def _around(name: str, column: Column, ends: Iterable[str] = ("_estimate", "_low", "_high")) -> dict[str, Column]:
    """The columns beside one."""
    return {f"{name}{end}": Column(NUMBER, f"{_MEANT[end]}: {column.meaning}", column.unit) for end in ends}


_OWN = {
    "seeds": Column(WHOLE, "seeds that were trained", "seeds"),
    "confidence": Column(NUMBER, "confidence of all intervals of this table", "probability"),
    "data": Column(TEXT, "name of the data set, as in the config"),
    "input_shape": Column(TEXT, "height, width and channels of an image as networks see it"),
    "train_images": Column(WHOLE, "training images", "images"),
    "validation_images": Column(WHOLE, "validation images", "images"),
    "classes": Column(WHOLE, "classes of the data set", "classes"),
    "sigma": Column(NUMBER, "standard deviations from the centre to the ellipse"),
    "flops_with_norms": Column(
        WHOLE,
        "the same with 2 for each element of batch norm and 1 of a rectifier, as the thesis' tool seems to count",
        "FLOPs",
    ),
    "quantity": Column(TEXT, "the number that is meant, by its column in the other tables; `_change`, from dense"),
    "measured": Column(NUMBER, "computed from the mean over seeds, as in the thesis"),
    "estimate": Column(NUMBER, "median of its distribution given the cells"),
    "low": Column(NUMBER, "lower end of its interval, whose confidence is `analysis.confidence`"),
    "high": Column(NUMBER, "upper end of its interval, whose confidence is `analysis.confidence`"),
    "defined": Column(NUMBER, "part of the drawn landscapes in which the number exists", "fraction"),
    "margin": Column(NUMBER, "gain that is worth it, as the config has it", POINTS),
    "shift": Column(NUMBER, "way of the ellipse's centre", "decades"),
    "shift_p": Column(NUMBER, "p-value of a permutation test of it over whole seeds", "probability"),
    "area_ratio": Column(NUMBER, "area of the ellipse divided by that of the dense network"),
    "area_ratio_p": Column(NUMBER, "p-value of a permutation test of it", "probability"),
    "turn_degrees": Column(NUMBER, "turn of the ellipse's long axis", "degrees"),
    "turn_degrees_p": Column(NUMBER, "p-value of a permutation test of it", "probability"),
    "least_p": Column(NUMBER, "smallest p-value that so many seeds can give", "probability"),
    "strategy": Column(TEXT, "`random` cells, or the `nearest` ones to the dense optimum"),
    "tuned_on": Column(TEXT, "variant that is tuned, and whose cell is used"),
    "rank_correlation": Column(NUMBER, "Spearman's rank correlation of the two landscapes"),
    "rank_correlation_best": Column(NUMBER, "the same over the half of the cells that is best for all variants"),
    "slope": Column(NUMBER, "slope of the band: log10 of the learning rate over log10 of the weight decay"),
    "log10_constant": Column(
        NUMBER, "log10 of learning rate x weight decay / (batch size x (1 - momentum)) on the band"
    ),
    "smith_slope": Column(NUMBER, "slope by Smith's relation"),
    "smith_log10_constant": Column(NUMBER, "constant that the thesis names for it, log10"),
    "area": Column(NUMBER, "area of the ellipse", "square decades"),
    "rel_q3": Column(
        NUMBER,
        "third quartile of the risk divided by the variant's best performance, the upper border of its box",
        "fraction",
    ),
    "d_excess": Column(NUMBER, "mean performance risk less that of the dense network itself", POINTS),
    "within_twice": Column(
        NUMBER,
        "part of these cells whose relative risk is at most twice the largest that the dense network has there; the"
        " thesis calls the risk acceptable from three quarters on",
        "fraction",
    ),
    "loss_at_dense_optimum": Column(NUMBER, "performance risk of the dense network's best cell", POINTS),
    "setting": Column(TEXT, "`as published`, or which settings differ from the thesis'"),
}


def tuned(column: Column) -> Column:
    """The column of the tuned setting beside that of the other one."""
    return column._replace(meaning=f"of the tuned setting: {column.meaning}")


_QUESTION = (
    "the setting that the tuned one is compared with: `prior`, the one in the config; `dense`, what tuning the dense"
    " network gave; `policy`, a cell of the dense network's region of interest for each seed"
)
_SETTING = ("i", "j", "learning_rate", "weight_decay", "grid_learning_rate")
CONFIRMED = {
    "question": Column(TEXT, _QUESTION),
    "answer": Column(
        TEXT,
        "`keep` the other setting, as a gain of the margin is ruled out; `tune`, as a smaller gain is; `open`; or"
        " `not asked`",
    ),
    "reason": Column(
        TEXT,
        "why so: `same setting`, `near chance`, `dense near chance`, `grid ends`, `explored only`, `images` (too few to"
        " tell), or which training `collapsed`; empty where the interval says it",
    ),
    "generation": Column(
        NUMBER,
        "how often settings had been chosen: each choice has fresh seeds, and less of the level; empty if not tested",
    ),
    "seeds": Column(WHOLE, "fresh seeds, with which both settings were trained", "seeds"),
    "gain": Column(NUMBER, "mean accuracy at the tuned setting less that at the other one", POINTS),
    "low": Column(NUMBER, "lower bound of the gain at `level`", POINTS),
    "high": Column(NUMBER, "upper bound of the gain at `level`", POINTS),
    "level": Column(NUMBER, "how often each bound of this look may fail", "probability"),
    "deviation": Column(NUMBER, "standard deviation of the gain of one seed", POINTS),
    "image_error": Column(NUMBER, "standard error of the gain over validation images", POINTS),
    "accuracy_tuned": Column(NUMBER, "mean accuracy at the tuned setting on these seeds", "percent"),
    "accuracy": Column(NUMBER, "mean accuracy at the other setting on these seeds", "percent"),
    "collapsed": Column(NUMBER, "trainings that collapsed or diverged", "trainings"),
    "seeds_to_decide": Column(
        NUMBER,
        "seeds of the look that decides with `verdict.power` if the gain is 0 or twice the margin, by the upper bound"
        " of the deviation; empty where even 2,560 would not",
        "seeds",
    ),
    "trainings": Column(WHOLE, "trainings of this network that tuning took", "trainings"),
    "chance": Column(NUMBER, "accuracy of naming the most frequent class of the validation images", "percent"),
    "accuracy_low": Column(
        NUMBER,
        "lower bound of the accuracy at the tuned setting, at `verdict.level` for all finalists together",
        "percent",
    ),
    "needed": Column(NUMBER, "accuracy above which a network has learnt", "percent"),
    "ends": Column(TEXT, "sides where the grid ends though accuracy still rises, each with the network"),
    **{name: COLUMNS[name] for name in _SETTING},
    **{f"tuned_{name}": tuned(COLUMNS[name]) for name in _SETTING},
}
ESTIMATED = {
    "trainings": Column(WHOLE, "trainings that explored this network", "trainings"),
    "quantity": Column(TEXT, "the number that is meant, by its column in `ellipses.csv` or `shifts.csv`"),
}
STOPPED = {
    "most": Column(
        NUMBER,
        "of a training that was stopped early, the top-1 accuracy that it could have reached at most, by what others"
        " gained from there; empty of those that went to the end",
        "percent",
    ),
}
SPENT = {
    "trainings": Column(WHOLE, "trainings that explored this network", "trainings"),
    "stopped": Column(WHOLE, "those of them that were stopped early", "trainings"),
    "epochs": Column(WHOLE, "epochs of all of them", "epochs"),
    "epochs_saved": Column(WHOLE, "epochs that were not trained", "epochs"),
    "flops": Column(WHOLE, "FLOPs of all these trainings and their validations", "FLOPs"),
    "flops_saved": Column(WHOLE, "FLOPs that stopping early saved", "FLOPs"),
    "saved_part": Column(NUMBER, "what stopping early saved of what all would have taken to the end", "fraction"),
}
AGAIN = {
    "stage": Column(
        TEXT, "`finalists` or `generation-<number>` of the confirmation, with a digest of what it rests upon"
    ),
    "setting": Column(TEXT, "`tuned`, `prior`, `dense` or `policy`; `finalist-1` and so on, the best one before first"),
}
OF_IMAGES = {
    "image": Column(WHOLE, "number of the validation image, from 0"),
    "right": Column(WHOLE, "how many of the job's trainings at this setting classify it rightly", "trainings"),
}
_CROSSED = "one seed chooses, the mean of the others says what the choice is worth; empty with one seed"
REGRET = {
    "trials": Column(
        WHOLE, "trainings, each at a cell and with a seed of its own, of which the best is taken", "trainings"
    ),
    "measured": Column(
        NUMBER, "expected regret on the measured cells: one seed chooses, the mean of the others judges", POINTS
    ),
    "gain": Column(NUMBER, f"expected gain over the prior: {_CROSSED}", POINTS),
}
TRANSFER = {
    "measured": Column(
        NUMBER,
        "loss at the best of one training a cell against the variant's own best cell, by the other seeds",
        POINTS,
    ),
    "gain": Column(NUMBER, f"gain of tuning the variant itself instead: {_CROSSED}", POINTS),
}
TRIAL = {
    "device": COLUMNS["device"],
    "trainings": Column(WHOLE, "trainings that explored", "trainings"),
    "device_hours": Column(NUMBER, "time of a GPU, or of a core, that they took", "hours"),
    "device_hours_each": Column(NUMBER, "the same a training", "hours"),
}
_KNOWN = {**COLUMNS, **_OWN}
_PRINTED = (*PUBLISHED_REGION, *PUBLISHED_RISK, "top1", "top5")
_PRINTED_ALONE = (*SETUP, "params", "flops", "confidence_level")  # beside which no difference stands
STATISTICS: dict[str, Column] = {
    **_OWN,
    **{end: column for name in (*REGION, *RISK) for end, column in _around(name, _KNOWN[name]).items()},
    **{
        end: column
        for name in ("rank_correlation", "rank_correlation_best", "slope", "log10_constant")
        for end, column in _around(name, _KNOWN[name], ("_low", "_high")).items()
    },
    **{
        f"published_{name}": Column(NUMBER, f"as the thesis prints it: {_KNOWN[name].meaning}", _KNOWN[name].unit)
        for name in _PRINTED
    },
    **{
        f"published_{name}": Column(
            TEXT if _KNOWN[name].type == TEXT else NUMBER,
            f"as the thesis prints it: {_KNOWN[name].meaning}",
            _KNOWN[name].unit,
        )
        for name in _PRINTED_ALONE
    },
    **{
        f"difference_{name}": Column(NUMBER, f"ours minus the thesis': {_KNOWN[name].meaning}", _KNOWN[name].unit)
        for name in _PRINTED
    },
}
