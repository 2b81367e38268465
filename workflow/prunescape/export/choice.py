"""The choice of the training of a network that is handed on: the best cell of its landscape."""

from typing import Any

import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.landscape import best_cell, hyperparameters_of, mean_over_seeds
from prunescape.hpspace.lattice import HYPERPARAMETERS, epochs_trained


def chosen_training(cells: pd.DataFrame, model: str, variant: str) -> dict[str, Any]:
    """The best cell by mean top-1 accuracy over seeds, and of its seeds the one with the highest accuracy.

    Args:
        cells: `cells.csv`.
        model, variant: the network.

    Returns:
        i, j, both hyperparameters, mean_top1, seed, seeds (how many), and the table's top1, top5 and epochs of
        the training with that seed.

    Raises:
        UserError: that training diverged.
    """
    own = cells[(cells["model"] == model) & (cells["variant"] == variant)]
    best = best_cell(mean_over_seeds(own, "top1"))
    trained = own[(own["i"] == best["i"]) & (own["j"] == best["j"])]
    chosen = trained.sort_values(["top1", "seed"], ascending=[False, True]).iloc[0]
    if chosen["diverged"]:
        raise UserError(f"{model}, {variant}: even the best training diverged; there is no network worth exporting")
    varied = hyperparameters_of(cells)
    return {
        **{name: int(chosen[name]) for name in ("i", "j", "seed")},
        "epochs": int(chosen[epochs_trained(varied)]),
        **{name: (int if HYPERPARAMETERS[name].whole else float)(chosen[name]) for name in varied},
        **{name: float(chosen[name]) for name in ("top1", "top5")},
        "mean_top1": float(best["f"]),
        "seeds": len(trained),
    }
