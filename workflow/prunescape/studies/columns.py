"""Meanings of columns: types, and those of the main job, the same in all its tables save where one says otherwise."""

from collections.abc import Mapping

from prunescape.claims.columns import Column
from prunescape.hpspace.lattice import THESIS, Axis, Pair
from prunescape.io.schema import NUMBER, TEXT, TRUTH, WHOLE

__all__ = ["Column"]  # as all studies have them

POINTS = "percentage points"
DECADES = "log10"


def names(words: str) -> tuple[str, ...]:
    """Names of columns that are given with blanks between them."""
    return tuple(words.split())


def with_bounds(columns: Mapping[str, Column], of: str) -> dict[str, Column]:
    """The ends of the intervals of columns, `<name>_low` and `<name>_high`.

    Args:
        columns: those that are known.
        of: names of those that have intervals.
    """
    ends = {"low": "lower", "high": "upper"}
    return {
        f"{name}_{end}": Column(NUMBER, f"{word} end of its 95 % interval: {columns[name].meaning}", columns[name].unit)
        for name in names(of)
        for end, word in ends.items()
    }


def as_published(columns: Mapping[str, Column], of: str) -> dict[str, Column]:
    """The columns `published_<name>` beside columns, of the names `of`."""
    return {
        f"published_{name}": Column(NUMBER, f"as the source prints it: {columns[name].meaning}", columns[name].unit)
        for name in names(of)
    }


# Of every training, whatever the study.
EPOCH = ("epoch", "learning_rate", "train_loss", "top1", "top5")
OF_EPOCH = {
    "epoch": Column(WHOLE, "epoch, from 1; 0 of a network whose weights were given", "epochs"),
    "learning_rate": Column(NUMBER, "learning rate in this epoch"),
    "train_loss": Column(NUMBER, "mean cross-entropy of this epoch's training images; empty if not finite", "nats"),
    "top1": Column(
        NUMBER, "top-1 accuracy on the validation images after this epoch; empty if not measured", "percent"
    ),
    "top5": Column(NUMBER, "top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
}

COLUMNS: dict[str, Column] = {
    "model": Column(TEXT, "name of the network, as in the config"),
    "variant": Column(TEXT, "`dense`, or how it was pruned and the part that was to be kept: `uniform-0.4`"),
    "method": Column(TEXT, "how the channels to remove are spread over layers: `uniform`, `non_uniform`; `dense`"),
    "ratio": Column(NUMBER, "part of `target` that was to be kept; 1 of the dense network", "fraction"),
    "criterion": Column(TEXT, "by which channels were ranked: `norm`, ...; `none` of the dense network"),
    "pipeline": Column(TEXT, "what was done with the pruned network: `scratch`, `fine_tuning`, ..."),
    "target": Column(TEXT, "what `ratio` is a part of: `flops`, `parameters`, `latency`; `none` of the dense network"),
    "grid_learning_rate": Column(NUMBER, "learning rate as the grid has it, of which `fine_tuning` uses a part"),
    "seed": Column(WHOLE, "seed of initialisation, order of the images and augmentation"),
    "cell_seed": Column(WHOLE, "the cell's own seed, in place of `seed`; with `grid.seeds: per_cell`"),
    "top1": Column(NUMBER, "top-1 accuracy on the validation images after the last epoch", "percent"),
    "top5": Column(NUMBER, "top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
    "best_top1": Column(NUMBER, "largest top-1 accuracy of all measured epochs", "percent"),
    "best_top5": Column(NUMBER, "largest top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
    "train_loss": Column(NUMBER, "mean cross-entropy of the last epoch's training images; empty if not finite", "nats"),
    "diverged": Column(TRUTH, "whether the loss or a weight stopped being finite; training ended there"),
    "epochs": Column(WHOLE, "epochs trained", "epochs"),
    "round": Column(WHOLE, "round of exploration that asked for the training, from 0"),
    "epoch": Column(WHOLE, "epoch, from 1", "epochs"),
    "seconds": Column(NUMBER, "wall time of the training, shared evenly among those trained together", "seconds"),
    "images_per_second": Column(NUMBER, "training images over all trained together", "images per second"),
    "device": Column(TEXT, "what it ran on: `cpu`, or the name of the GPU"),
    "strategy": Column(TEXT, "how trainings ran together: `serial`, `fused`, `vmap`, `graphed` or `branches`"),
    "lanes": Column(WHOLE, "trainings that ran together as one network"),
    "precision": Column(TEXT, "of the arithmetic: `float32`, `tf32`, `bfloat16` or `float64`"),
    "metric": Column(TEXT, "the accuracy that is meant: `top1` or `top5`; its mean over seeds is a cell's performance"),
    "roi": Column(NUMBER, "size x of the region of interest: cells at most x below the best", POINTS),
    "n_cells": Column(WHOLE, "cells in the region of interest", "cells"),
    "fitted": Column(
        TRUTH, "whether these were enough to fit an ellipse; without one the columns of its shape are empty"
    ),
    "confidence_level": Column(NUMBER, "part of the fitted Gaussian outside the ellipse", "fraction"),
    "d": Column(NUMBER, "performance risk: the variant's best performance minus that of this cell", POINTS),
    "d_relative": Column(NUMBER, "the same, divided by the variant's best performance", "fraction"),
    "d_mean": Column(NUMBER, "mean performance risk over these cells", POINTS),
    "d_std": Column(NUMBER, "its standard deviation (of the population)", POINTS),
    "rel_mean": Column(NUMBER, "mean of the risk divided by the variant's best performance", "fraction"),
    "rel_std": Column(NUMBER, "its standard deviation (of the population)", "fraction"),
    "flops": Column(WHOLE, "2 x multiply-accumulates of convolutions and matrix products, for one image", "FLOPs"),
    "params": Column(WHOLE, "trainable parameters", "parameters"),
    "latency_ms": Column(
        NUMBER, "measured median latency of a batch; empty where it is not the target", "milliseconds"
    ),
    "target_ratio": Column(
        NUMBER, "part of the dense network's FLOPs (or `pruning.target`) that was to be kept", "fraction"
    ),
    "achieved_ratio": Column(NUMBER, "part of the same that was kept", "fraction"),
    "achieved_ratio_ptflops": Column(NUMBER, "part of the FLOPs that was kept, as ptflops counts", "fraction"),
    "layer": Column(TEXT, "name of the convolution that makes the channels"),
    "position": Column(WHOLE, "place of the layer in the network, from 0"),
    "channels": Column(WHOLE, "channels kept", "channels"),
    "dense_channels": Column(WHOLE, "channels of the dense network's layer", "channels"),
}


HYPERPARAMETERS = {
    "learning_rate": Column(NUMBER, "learning rate that was used, at the height of its schedule"),
    "weight_decay": Column(NUMBER, "weight decay (L2, as in SGD)"),
    "momentum": Column(NUMBER, "momentum of SGD"),
    "batch_size": Column(WHOLE, "images of a training step", "images"),
    "epochs": Column(WHOLE, "epochs that the training was to have", "epochs"),
    "label_smoothing": Column(
        NUMBER, "part of each training target that is spread evenly over all classes", "fraction"
    ),
}


def of_axes(pair: Pair) -> dict[str, Column]:
    """The columns that a grid of these axes has: places, values, and the ellipses among them."""
    first, second = pair
    return {
        "i": Column(WHOLE, f"place of the cell: steps of the {first.words} from the prior", "grid steps"),
        "j": Column(WHOLE, f"place of the cell: steps of the {second.words} from the prior", "grid steps"),
        **{name: HYPERPARAMETERS[name] for name in pair.names},
        **{f"centre_{axis.coordinate}": _centre(axis) for axis in reversed(pair)},
        "length": Column(NUMBER, "the ellipse's long diameter", pair.unit),
        "width": Column(NUMBER, "the ellipse's short diameter", pair.unit),
        "angle_degrees": Column(NUMBER, f"direction of the long axis, from the axis of {second.words}", "degrees"),
    }


def _centre(axis: Axis) -> Column:
    if axis.is_log:
        return Column(NUMBER, f"the ellipse's centre, log10 of the {axis.words}", DECADES)
    return Column(NUMBER, f"the ellipse's centre, {axis.words}", HYPERPARAMETERS[axis.name].unit)


COLUMNS |= of_axes(THESIS)
