"""The dictionary of the main job's tables, written as a Data Package: what each row and column means, in which unit.

A Data Package (https://datapackage.org, version 1 of the standard) is a JSON file that names CSV files and describes
their columns; libraries of many languages read it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

PACKAGE = "datapackage.json"
TEXT, WHOLE, NUMBER, TRUTH = "string", "integer", "number", "boolean"
_POINTS = "percentage points"
_DECADES = "log10"


class Column(NamedTuple):
    """What a column holds: a type of the standard's, the meaning, and the unit where there is one."""

    type: str
    meaning: str
    unit: str | None = None


class Table(NamedTuple):
    """A table, or many alike.

    Attributes:
        path: in the folder of the run; with fields in braces where there are many such tables.
        row: what one row is.
        columns: their names, in their order.
        own: columns that mean something else here than in `COLUMNS`.
    """

    path: str
    row: str
    columns: tuple[str, ...]
    own: Mapping[str, Column] = {}


COLUMNS: dict[str, Column] = {
    "model": Column(TEXT, "name of the network, as in the config"),
    "variant": Column(TEXT, "`dense`, or how it was pruned and the target part of the FLOPs: `uniform-0.4`"),
    "seed": Column(WHOLE, "seed of initialisation, order of the images and augmentation"),
    "i": Column(WHOLE, "place of the cell: steps of the learning rate from the prior", "grid steps"),
    "j": Column(WHOLE, "place of the cell: steps of the weight decay from the prior", "grid steps"),
    "learning_rate": Column(NUMBER, "initial learning rate"),
    "weight_decay": Column(NUMBER, "weight decay (L2, as in SGD)"),
    "top1": Column(NUMBER, "top-1 accuracy on the validation images after the last epoch", "percent"),
    "top5": Column(NUMBER, "top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
    "best_top1": Column(NUMBER, "largest top-1 accuracy of all measured epochs", "percent"),
    "best_top5": Column(NUMBER, "largest top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
    "train_loss": Column(NUMBER, "mean cross-entropy of the last epoch's training images; empty if not finite", "nats"),
    "diverged": Column(TRUTH, "whether the loss or a weight stopped being finite; training ended there"),
    "epochs": Column(WHOLE, "epochs trained", "epochs"),
    "epoch": Column(WHOLE, "epoch, from 1", "epochs"),
    "seconds": Column(NUMBER, "wall time of the training, shared evenly among those trained together", "seconds"),
    "images_per_second": Column(NUMBER, "training images over all trained together", "images per second"),
    "device": Column(TEXT, "what it ran on: `cpu`, or the name of the GPU"),
    "strategy": Column(TEXT, "how trainings ran together: `serial`, `fused` or `graphed`"),
    "lanes": Column(WHOLE, "trainings that ran together as one network"),
    "precision": Column(TEXT, "of the arithmetic: `float32`, `tf32`, `bfloat16` or `float64`"),
    "metric": Column(TEXT, "the accuracy that is meant: `top1` or `top5`; its mean over seeds is a cell's performance"),
    "roi": Column(NUMBER, "size x of the region of interest: cells at most x below the best", _POINTS),
    "n_cells": Column(WHOLE, "cells in the region of interest", "cells"),
    "fitted": Column(
        TRUTH, "whether these were enough to fit an ellipse; without one the columns of its shape are empty"
    ),
    "confidence_level": Column(NUMBER, "part of the fitted Gaussian outside the ellipse", "fraction"),
    "centre_log10_weight_decay": Column(NUMBER, "the ellipse's centre, log10 of the weight decay", _DECADES),
    "centre_log10_learning_rate": Column(NUMBER, "the ellipse's centre, log10 of the learning rate", _DECADES),
    "length": Column(NUMBER, "the ellipse's long diameter", "decades"),
    "width": Column(NUMBER, "the ellipse's short diameter", "decades"),
    "angle_degrees": Column(NUMBER, "direction of the long axis, from the axis of weight decay", "degrees"),
    "d": Column(NUMBER, "performance risk: the variant's best performance minus that of this cell", _POINTS),
    "d_relative": Column(NUMBER, "the same, divided by the variant's best performance", "fraction"),
    "d_mean": Column(NUMBER, "mean performance risk over these cells", _POINTS),
    "d_std": Column(NUMBER, "its standard deviation (of the population)", _POINTS),
    "rel_mean": Column(NUMBER, "mean of the risk divided by the variant's best performance", "fraction"),
    "rel_std": Column(NUMBER, "its standard deviation (of the population)", "fraction"),
    "flops": Column(WHOLE, "2 x multiply-accumulates of convolutions and matrix products, for one image", "FLOPs"),
    "params": Column(WHOLE, "trainable parameters", "parameters"),
    "target_ratio": Column(NUMBER, "part of the dense network's FLOPs that was to be kept", "fraction"),
    "achieved_ratio": Column(NUMBER, "part of the dense network's FLOPs that was kept", "fraction"),
    "achieved_ratio_ptflops": Column(NUMBER, "the same, as the library ptflops counts", "fraction"),
    "layer": Column(TEXT, "name of the convolution that makes the channels"),
    "position": Column(WHOLE, "place of the layer in the network, from 0"),
    "channels": Column(WHOLE, "channels kept", "channels"),
    "dense_channels": Column(WHOLE, "channels of the dense network's layer", "channels"),
}
_CELL = ("model", "variant", "seed", "i", "j")
_TRAINED = ("top1", "top5", "best_top1", "best_top5", "train_loss", "diverged", "epochs")
_CELLS = (*_CELL, "learning_rate", "weight_decay", *_TRAINED)
_TIMING = (*_CELL, "seconds", "images_per_second", "device", "strategy", "lanes", "precision")
_NETWORK = ("model", "variant")
_SHAPE = ("centre_log10_weight_decay", "centre_log10_learning_rate", "length", "width", "angle_degrees")
_EPOCH = ("epoch", "learning_rate", "train_loss", "top1", "top5")
_OF_EPOCH = {
    "learning_rate": Column(NUMBER, "learning rate in this epoch"),
    "train_loss": Column(NUMBER, "mean cross-entropy of this epoch's training images; empty if not finite", "nats"),
    "top1": Column(
        NUMBER, "top-1 accuracy on the validation images after this epoch; empty if not measured", "percent"
    ),
    "top5": Column(NUMBER, "top-5 accuracy likewise; empty with fewer than 100 classes", "percent"),
}
_OF_DENSE = {
    "n_cells": Column(WHOLE, "cells in the dense network's region of interest, whose reuse is tested", "cells")
}
_TILE = "hpspace/tiles/{model}/{variant}/seed-{seed}/{i}_{j}"

TABLES: dict[str, Table] = {
    "cells": Table("hpspace/cells.csv", "a training", _CELLS),
    "timing": Table("hpspace/timing.csv", "a training; never the same twice, and so apart", _TIMING),
    "ellipses": Table(
        "hpspace/ellipses.csv",
        "a region of interest of a variant",
        (*_NETWORK, "metric", "roi", "n_cells", "fitted", "confidence_level", *_SHAPE),
    ),
    "risk_cells": Table(
        "hpspace/risk_cells.csv",
        "a cell of the dense network's region of interest, with each variant trained there",
        (*_NETWORK, "metric", "i", "j", "d", "d_relative"),
    ),
    "risk": Table(
        "hpspace/risk.csv",
        "a variant: what is lost by choosing among the cells of the dense network's region of interest",
        (*_NETWORK, "metric", "n_cells", "d_mean", "d_std", "rel_mean", "rel_std"),
        _OF_DENSE,
    ),
    "pruning": Table(
        "hpspace/pruning.csv",
        "a network",
        (*_NETWORK, "flops", "params", "target_ratio", "achieved_ratio", "achieved_ratio_ptflops"),
    ),
    "channels": Table(
        "hpspace/channels.csv",
        "a layer of a network whose channels may be pruned",
        (*_NETWORK, "layer", "position", "channels", "dense_channels"),
    ),
    "tile": Table(f"{_TILE}.csv", "a training of a tile, whose first cell is i, j", _CELLS),
    "tile_history": Table(f"{_TILE}.history.csv", "an epoch of a training of a tile", (*_CELL, *_EPOCH), _OF_EPOCH),
    "tile_timing": Table(f"{_TILE}.timing.csv", "a training of a tile", _TIMING),
    "dense_history": Table(
        "models/{model}/dense/history.csv",
        "an epoch of the training of the dense network whose filters pruning ranks",
        _EPOCH,
        _OF_EPOCH,
    ),
}


def data_package(run: str) -> dict[str, Any]:
    """The package of a run's tables, as JSON values.

    The standard knows tables by their paths alone; those of which there are many are described in the same way under
    `parts`, with fields in braces in their paths.

    Args:
        run: its name.
    """
    described = {name: _resource(name, table) for name, table in TABLES.items()}
    return {
        "profile": "tabular-data-package",
        "name": f"prunescape-{run}".lower(),
        "title": f"prunescape: tables of the run {run}",
        "description": "What pruning did to the networks of this run. Accuracies are in percent.",
        "resources": [entry for entry in described.values() if "{" not in entry["path"]],
        "parts": [entry for entry in described.values() if "{" in entry["path"]],
    }


def _resource(name: str, table: Table) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": name.replace("_", "-"),
        "path": table.path,
        "description": f"One row: {table.row}.",
        "encoding": "utf-8",
        "schema": {"fields": [_field(name, {**COLUMNS, **table.own}[name]) for name in table.columns]},
    }


def _field(name: str, column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": column.type, "description": column.meaning}
    if column.unit is not None:
        field["unit"] = column.unit
    if column.type == TRUTH:
        field |= {"trueValues": ["True"], "falseValues": ["False"]}
    return field
