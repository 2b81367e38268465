"""What the controls of noise say: their table, and the claims on equal costs and on where the noise goes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.intervals import IN_PERCENT, IN_POINTS, interval
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.confirming import PAPER, WORTH, Confirming
from prunescape.stochastic.names import (
    BEST_DRAW,
    DETERMINISTIC,
    RECALIBRATED,
    RELATIVE,
    RESCALED,
    SCORES_ALONE,
    STOCHASTIC,
    UPDATED,
)

BEST = Estimand(
    "best_draw_against",
    "Is the best of several draws, chosen on held-out images, better than what else could be done?",
    f"beyond {PAPER}; Jordan et al. 2023 (REPAIR), Frantar and Alistarh 2023 (SparseGPT)",
    "The best draw of noise, chosen on held-out images, is better than deterministic pruning with a cheap correction.",
    "test accuracy of the draw that is best on held-out images minus that of the alternative, at the chosen setting",
    **WORTH,
)
ALONE = Estimand(
    "noise_on_scores_alone",
    "Does noise gain where it is on the scores alone, and weights keep their values?",
    f"beyond {PAPER}",
    "Noise on the scores alone, which decides the mask and changes no weight, gains.",
    "accuracy with the noisy mask and original weights minus deterministic accuracy, at the chosen setting",
    **WORTH,
)
IN_PROPORTION = Estimand(
    "noise_by_layer",
    "Does noise gain where it is in proportion to each layer's weights?",
    f"beyond {PAPER}, whose noise changes with a layer's scale even where its function does not",
    "Noise in units of each layer's root mean square, as large on the whole, gains.",
    "accuracy with such noise minus deterministic accuracy, at the chosen setting; scores are compared across layers,"
    " so that scaling a layer still changes which weights go, with noise and without, if not how much noise they have",
    **WORTH,
)
ALTERNATIVES = {
    RESCALED: "outputs brought back to their scale",
    UPDATED: "weights that make up for removed ones",
}


def of_seeds(controls: pd.DataFrame) -> pd.DataFrame:
    """Accuracies by network and control: medians over draws, and those of the draw that is best on held-out images.

    Args:
        controls: see `prunescape.stochastic.controls.measure_controls`.

    Returns:
        Columns model, gamma, sigma, recalibrated, control, seed, top1. Of draws equal in held-out accuracy the one with
        the least loss there counts, of those still equal the first.
    """
    by = ["model", "gamma", "sigma", "recalibrated", "control", "seed"]
    medians = controls.groupby(by, sort=False)["top1"].median().reset_index()
    noisy = controls[controls["control"] == STOCHASTIC]
    order = noisy.sort_values(["held_out_top1", "held_out_loss", "draw"], ascending=[False, True, True])
    best = order.groupby(by, sort=False)[["top1"]].first().reset_index().assign(control=BEST_DRAW)
    return pd.concat([medians, best], ignore_index=True)


def baselines(controls: pd.DataFrame) -> pd.DataFrame:
    """The controls side by side, over fresh networks.

    Args:
        controls: controls.csv, see `prunescape.stochastic.controls.measure_controls`.

    Returns:
        One row a model, setting, control and whether recalibrated: model, gamma, sigma, recalibrated, control, seeds;
        top1 with its interval, percent; and delta, in points over the deterministic network, with its interval.
    """
    values, rows = of_seeds(controls), []
    by = ["model", "gamma", "sigma", "recalibrated"]
    for setting, part in values.groupby(by, sort=False):
        wide = part.pivot(index="seed", columns="control", values="top1")
        for control in part["control"].drop_duplicates():
            gain = (wide[control] - wide[DETERMINISTIC]).to_numpy(dtype=np.float64)
            row = {**dict(zip(by, setting, strict=True)), "control": control, "seeds": len(wide)}
            rows.append(
                row
                | interval("top1", wide[control].to_numpy(dtype=np.float64), *IN_PERCENT)
                | interval("delta", gain, *IN_POINTS)
            )
    return pd.DataFrame(rows)


def controlled(controls: pd.DataFrame, best: Mapping[str, Any], confirming: Confirming) -> list[Claim]:
    """Claims on controls.csv of one model.

    Args:
        controls: of the model.
        best: what `prunescape.stochastic.statistics.choose_cells` gave.
        confirming: of the model.
    """
    values = of_seeds(controls)
    cell, again = of_method(best, MAGNITUDE), of_method(best, RECALIBRATED)
    plain = _at(values, cell, recalibrated=False)
    draws = controls["draw"].max() + 1
    stated = []

    def against(case: str, ours: pd.Series, theirs: pd.Series, setting: tuple[float, float]) -> Claim:
        return confirming.of(ours, theirs).gains(
            BEST,
            ours - theirs,
            f"at gamma {setting[0]:g}, sigma {setting[1]:g} the best of {draws} draws has {ours.mean():.1f} %,"
            f" deterministic pruning with {case} {theirs.mean():.1f} %, a difference of {{}}",
            question=f"Is the best of {draws} draws better than deterministic pruning with {case}?",
            case=case,
        )

    if controls["recalibrated"].astype(bool).any():
        here, there = (_at(values, setting, recalibrated=True) for setting in (cell, again))
        stated += [
            against("batch norm recalibrated", plain[BEST_DRAW], here[DETERMINISTIC], cell),
            against("batch norm recalibrated in both", there[BEST_DRAW], there[DETERMINISTIC], again),
        ]
        if cell != again:
            case = "batch norm recalibrated in both, where it was chosen as pretrained"
            stated.append(against(case, here[BEST_DRAW], here[DETERMINISTIC], cell))
    stated += [
        against(words, plain[BEST_DRAW], plain[control], cell)
        for control, words in ALTERNATIVES.items()
        if control in plain
    ]
    for asked, control, words in (
        (ALONE, SCORES_ALONE, "noise on the scores alone"),
        (IN_PROPORTION, RELATIVE, "noise in proportion to layers"),
    ):
        stated.append(
            confirming.of(plain[control], plain[DETERMINISTIC]).gains(
                asked,
                plain[control] - plain[DETERMINISTIC],
                f"at gamma {cell[0]:g}, sigma {cell[1]:g} {words} has {plain[control].mean():.1f} %, deterministic"
                f" pruning {plain[DETERMINISTIC].mean():.1f} %, noise of one size {plain[STOCHASTIC].mean():.1f} %, a"
                " gain of {}",
            )
        )
    return stated


def _at(values: pd.DataFrame, cell: tuple[float, float], *, recalibrated: bool) -> pd.DataFrame:
    """Accuracies at a setting: a row a seed, a column a control."""
    here = (values["gamma"] == cell[0]) & (values["sigma"] == cell[1])
    way = values["recalibrated"].astype(bool) == recalibrated
    return values[here & way].pivot(index="seed", columns="control", values="top1")
