"""The choice of the training of a network that is handed on: one at the setting that the verdict says to use."""

from typing import Any

import pandas as pd

from prunescape.errors import UserError
from prunescape.hpspace.cells import GRID
from prunescape.hpspace.choice import choose_finalists
from prunescape.hpspace.landscape import hyperparameters_of
from prunescape.hpspace.lattice import CELL_SEED, HYPERPARAMETERS, Cell, epochs_trained
from prunescape.hpspace.questions import DENSE, PRIOR
from prunescape.statistics.looks import TUNE


def setting_to_use(cells: pd.DataFrame, decisions: pd.DataFrame, model: str, variant: str) -> Cell:
    """The cell at which a network is to be trained: a pruned one as the verdict says, the dense one where it was tuned.

    Where nothing was confirmed, that of the dense network is the one that looks best.

    Args:
        cells: `cells.csv`.
        decisions: `decisions.csv`.
        model, variant: the network.
    """
    of = decisions[decisions["model"] == model]
    if variant != DENSE:
        answer = of[(of["variant"] == variant) & (of["question"] == PRIOR)].iloc[0]
        prefix = "tuned_" if answer["answer"] == TUNE else ""
        return Cell(int(answer[f"{prefix}i"]), int(answer[f"{prefix}j"]))
    tuned = of[of["question"] == DENSE]
    if tuned.empty:
        return choose_finalists(cells[(cells["model"] == model) & (cells["variant"] == DENSE)])[0]
    return Cell(int(tuned["i"].iloc[0]), int(tuned["j"].iloc[0]))


def chosen_training(cells: pd.DataFrame, decisions: pd.DataFrame, model: str, variant: str) -> dict[str, Any]:
    """The training with the highest top-1 accuracy of those that explored a network's `setting_to_use`.

    Args:
        cells, decisions, model, variant: see `setting_to_use`.

    Returns:
        i, j, both hyperparameters as used, those of the grid where training may use a multiple of them, mean_top1,
        seed, the cell's own seed if it has one, seeds (how many), and the table's top1, top5 and epochs of the training
        with that seed.

    Raises:
        UserError: all trainings there diverged.
    """
    cell = setting_to_use(cells, decisions, model, variant)
    own = cells[(cells["model"] == model) & (cells["variant"] == variant)]
    trained = own[(own["i"] == cell.i) & (own["j"] == cell.j)]
    chosen = trained.sort_values(["diverged", "top1", "seed"], ascending=[True, False, True]).iloc[0]
    if chosen["diverged"]:
        raise UserError(f"{model}, {variant}: all trainings at the setting to use diverged; there is nothing to export")
    varied = hyperparameters_of(cells)
    of_grid = [name for name in cells.columns if name.startswith(GRID)]
    return {
        **{name: int(chosen[name]) for name in ("i", "j", "seed", CELL_SEED) if name in chosen},
        "epochs": int(chosen[epochs_trained(varied)]),
        **{name: (int if HYPERPARAMETERS[name].whole else float)(chosen[name]) for name in varied},
        **{name: float(chosen[name]) for name in of_grid},
        **{name: float(chosen[name]) for name in ("top1", "top5")},
        "mean_top1": float(trained["top1"].mean()),
        "seeds": len(trained),
    }
