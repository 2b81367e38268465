"""The dictionary of the main job's tables, written as a Data Package: what each row and column means, in which unit.

A Data Package (https://datapackage.org, version 1 of the standard) is a JSON file that names CSV files and describes
their columns; libraries of many languages read it.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from prunescape.claims.columns import COLUMNS as CLAIM
from prunescape.export.columns import COLUMNS, NUMBER, TRUTH, WHOLE, Column, of_axes
from prunescape.export.statistics import (
    BOUNDS,
    PUBLISHED_REGION,
    REGION,
    REGION_CELLS,
    REGRET,
    RISK,
    STATISTICS,
    TRANSFER,
    beside,
    bounded,
    estimated,
)
from prunescape.hpspace.axes import THESIS, Pair, epochs_trained
from prunescape.variant import COLUMNS as VARIANT

PACKAGE = "datapackage.json"


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


_NETWORK = ("model", "variant", *VARIANT)
_CELL = (*_NETWORK, "seed", "i", "j")
_TRAINED = ("top1", "top5", "best_top1", "best_top5", "train_loss", "diverged")
_CELLS = (*_CELL, *THESIS.names, "grid_learning_rate", *_TRAINED, "epochs")
_TIMING = (*_CELL, "seconds", "images_per_second", "device", "strategy", "lanes", "precision")
_SHAPE = (*THESIS.centre, "length", "width", "angle_degrees")
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
_OF_CLAIM = {name: Column(*column) for name, column in CLAIM.items()}
_ABOVE = tuple(f"{whose}above_chance{end}" for whose in ("", "dense_") for end in ("", "_low"))
_DECIDED = ("p_equivalent", "p_worse", "decision", "more_seeds", "chance", *_ABOVE)
_TESTED = tuple(f"{name}{end}" for name in ("shift", "area_ratio", "turn_degrees") for end in ("", "_p"))
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
        (*_NETWORK, "flops", "params", "latency_ms", "target_ratio", "achieved_ratio", "achieved_ratio_ptflops"),
    ),
    "channels": Table(
        "hpspace/channels.csv",
        "a layer of a network whose channels may be pruned",
        (*_NETWORK, "layer", "position", "channels", "dense_channels"),
    ),
    "intervals": Table(
        "hpspace/intervals.csv",
        "a number of Table 4.1 or 4.2, or its change from the dense network's, with its interval",
        (*_NETWORK, "metric", "roi", "quantity", "seeds", *BOUNDS, "defined"),
    ),
    "decisions": Table(
        "hpspace/decisions.csv",
        "a pruned variant: whether its hyperparameters must be tuned again",
        (*_NETWORK, "metric", "seeds", "margin", "loss_measured", "loss", "loss_low", "loss_high", *_DECIDED),
    ),
    "shifts": Table(
        "hpspace/shifts.csv",
        "a pruned variant: how its ellipse differs from the dense network's, and permutation tests",
        (*_NETWORK, "metric", "roi", "seeds", *_TESTED, "least_p"),
    ),
    "regret": Table(
        "hpspace/regret.csv",
        "trials of one strategy on a variant: how far the best of them is expected to be below the best cell",
        (*_NETWORK, "metric", "strategy", "trials", "seeds", *BOUNDS),
        REGRET,
    ),
    "transfer": Table(
        "hpspace/transfer.csv",
        "a variant that is trained at another one's best cell",
        (
            "model",
            "metric",
            "tuned_on",
            "variant",
            *VARIANT,
            "seeds",
            *BOUNDS,
            *bounded("rank_correlation", "rank_correlation_best"),
        ),
        TRANSFER,
    ),
    "band": Table(
        "hpspace/band.csv",
        "the optimal band of a variant (eq. 2.2 of the thesis)",
        (
            *_NETWORK,
            "metric",
            "roi",
            "seeds",
            *bounded("slope", "log10_constant"),
            "smith_slope",
            "smith_log10_constant",
        ),
    ),
    "table_3_4": Table(
        "hpspace/table_3_4.csv",
        "a network at its prior, beside the thesis' Table 3.4",
        ("model", "learning_rate", "weight_decay", "seeds", "top1", "top5", *beside("top1", "top5")),
    ),
    "table_4_1": Table(
        "hpspace/table_4_1.csv",
        "a region of interest of a variant, beside the thesis' Table 4.1",
        (*_NETWORK, "metric", "roi", "seeds", *estimated(*REGION), *beside(*PUBLISHED_REGION)),
        REGION_CELLS,
    ),
    "table_4_2": Table(
        "hpspace/table_4_2.csv",
        "a variant's performance risk, beside the thesis' Table 4.2",
        (*_NETWORK, "metric", "roi", "seeds", *estimated(*RISK), *beside(*RISK[:-1])),
    ),
    "claims": Table("claims.csv", "a claim of a study that this run has by now", tuple(CLAIM), _OF_CLAIM),
    "hpspace_claims": Table(
        "hpspace/claims.csv",
        "the claim that a pruned variant can keep the dense network's hyperparameters",
        tuple(CLAIM),
        _OF_CLAIM,
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
    "rewound_history": Table(
        "models/{model}/dense/epoch-{epoch}/history.csv",
        "an epoch of the training of the dense network as far as its weights are rewound to",
        _EPOCH,
        _OF_EPOCH,
    ),
    "step_history": Table(
        "models/{model}/{variant}/step-{step}/history.csv",
        "an epoch of the retraining after a step of iterative pruning",
        _EPOCH,
        _OF_EPOCH,
    ),
}


# Of trainings before those of the grid, which not all runs have.
BEFORE = ("dense_history", "rewound_history", "step_history")
_OF_THESIS = ("band", "table_3_4", "table_4_1", "table_4_2")  # made of its pair of hyperparameters alone


def tables_of(pair: Pair) -> dict[str, Table]:
    """The tables of a study whose grid has these axes."""
    if pair.is_thesis:
        return TABLES
    names = dict(zip((*THESIS.names, *THESIS.centre), (*pair.names, *pair.centre), strict=True))
    names["epochs"] = epochs_trained(pair.names)
    meanings = {**of_axes(pair), "trained_epochs": COLUMNS["epochs"]}
    meanings["shift"] = STATISTICS["shift"]._replace(unit=pair.unit)
    return {key: _renamed(table, names, meanings) for key, table in TABLES.items() if key not in _OF_THESIS}


def _renamed(table: Table, names: Mapping[str, str], meanings: Mapping[str, Column]) -> Table:
    """A table as described for the thesis' pair, for another one."""
    if table.own is _OF_EPOCH:  # whatever the axes, a history has the learning rate
        names = {}
    unknown = () if "learning_rate" in names.values() else ("grid_learning_rate",)
    columns = tuple(names.get(name, name) for name in table.columns if name not in unknown)
    own = {name: meanings[name] for name in columns if name in meanings}
    return table._replace(columns=columns, own={**own, **table.own})


def data_package(run: str, pair: Pair = THESIS, before: Collection[str] = BEFORE) -> dict[str, Any]:
    """The package of a run's tables, as JSON values.

    The standard knows tables by their paths alone; those of which there are many are described in the same way under
    `parts`, with fields in braces in their paths.

    Args:
        run: its name.
        pair: the axes of its grid.
        before: of `BEFORE`, the tables that it has.
    """
    there = {name: table for name, table in tables_of(pair).items() if name in before or name not in BEFORE}
    described = {name: _resource(name, table) for name, table in there.items()}
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
        "schema": {"fields": [_field(name, {**COLUMNS, **STATISTICS, **table.own}[name]) for name in table.columns]},
    }


def _field(name: str, column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": column.type, "description": column.meaning}
    if column.unit is not None:
        field["unit"] = column.unit
    if column.type == TRUTH:
        field |= {"trueValues": ["True"], "falseValues": ["False"]}
    return field
