"""The claims on accuracy right after pruning (SP paper, sections IV-A to IV-D)."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from prunescape.claims.asking import Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import CANNOT
from prunescape.pruning.settings import MAGNITUDE
from prunescape.stochastic.chosen import of_method
from prunescape.stochastic.confirming import GAIN, PAPER, POINTS, WORTH, Confirming
from prunescape.stochastic.names import (
    DENSE_STOCHASTIC,
    DETERMINISTIC,
    MASK_D_TO_S,
    MASK_S_TO_D,
    NO_METHOD,
    RECALIBRATED,
    STOCHASTIC,
)
from prunescape.stochastic.statistics import contrast, seed_medians

WINS = Estimand(
    "noise_wins",
    "Does noise before pruning gain at the setting that exploring chose?",
    f"{PAPER}, abstract and section IV-A",
    "Noise before magnitude pruning gains in one shot, at the setting of the largest gain on held-out images.",
    GAIN,
    **WORTH,
)
WINS_RECALIBRATED = Estimand(
    "noise_wins_recalibrated",
    "Does noise gain once batch norm is recalibrated in all networks, at the setting that exploring chose for that?",
    f"beyond {PAPER}, whose section V names recalibration; Saikumar and Varghese 2025 (arXiv 2502.15790)",
    "With batch norm recalibrated in all networks noise still gains, at a setting chosen for that.",
    f"{GAIN}; both recalibrated",
    **WORTH,
)
OUTLIVES = Estimand(
    "outlives_recalibration",
    "Is there a gain left, at the setting chosen without it, once batch norm is recalibrated?",
    f"beyond {PAPER}, whose section V names recalibration",
    "At the setting of the largest gain noise still gains when batch norm is recalibrated.",
    f"{GAIN}; both recalibrated",
    **WORTH,
)
RECALIBRATION = Estimand(
    "noise_over_recalibration",
    "Is noise better than recalibrating batch norm, without noise?",
    f"beyond {PAPER}",
    "Noise without recalibration is better than deterministic pruning with it.",
    "stochastic accuracy as pretrained minus deterministic accuracy recalibrated, at the chosen setting",
    **WORTH,
)
OF_METHOD = Estimand(
    "noise_wins_with_score",
    "Does noise gain with other scores, each at a setting of its own?",
    f"{PAPER}, section IV-E, Table II",
    "Noise gains in one shot with other scores, too.",
    GAIN,
    **WORTH,
)
EVERYWHERE = Estimand(
    "noise_wins_over_grid",
    "Does noise gain in every cell of the grid?",
    f"{PAPER}, section IV-B",
    "Noise gains at every pruning rate and noise of the grid.",
    f"{GAIN}; in the cell that decides",
    **WORTH,
)
DRAWS = Estimand(
    "nearly_every_draw",
    "Is nearly every draw better than deterministic pruning?",
    f"{PAPER}, section IV-B, Fig. 4",
    "With rare exceptions every stochastic network is better: more than nine in ten.",
    "share of draws that are better than the deterministic network, minus 0.9",
    smallest=0.05,
    margin="0.9",
    lowest=-0.9,
    highest=0.1,
    is_share=True,
)
BEST_NOISE = Estimand(
    "best_noise",
    "Is there a best noise, between less and more of it?",
    f"{PAPER}, section IV-A",
    "At the chosen pruning rate the chosen noise is better than each other one of the grid, smaller or larger.",
    "stochastic accuracy with the chosen noise minus with another one of the grid; of the one that decides",
    **WORTH,
)
ON_CIFAR100 = Estimand(
    "smaller_on_cifar100",
    "Is the gain smaller on CIFAR-100 than on CIFAR-10?",
    f"{PAPER}, section IV-A",
    "On CIFAR-100 noise gains less than on CIFAR-10.",
    "gain on CIFAR-10 minus gain on CIFAR-100",
    **WORTH,
)
VARIANCE_ADDS = Estimand(
    "noise_adds_variance",
    "Does noise add its variance to that of the weights, which are bimodal after pruning?",
    f"{PAPER}, section IV-D",
    "The variance of noisy weights is that of the weights and of the noise; those that remain are bimodal.",
    "variance of the noisy weights",
    smallest=0.0,
)
DENSE_SAME = Estimand(
    "dense_keeps_accuracy",
    "Does noise leave the dense network's accuracy as it is?",
    f"{PAPER}, section IV-A, Fig. 1a",
    "Dense networks keep their accuracy with the noise of the chosen setting.",
    "accuracy of the dense network with noise minus without",
    smallest=0.5,
    margin="the tolerance, either way",
    unit=POINTS,
)
MASK = Estimand(
    "mask_alone",
    "Does the noisy mask alone gain?",
    f"{PAPER}, section IV-A, Figs. 2 and 3",
    "The noisy mask on the original weights gains.",
    "accuracy with the noisy mask and original weights minus deterministic accuracy, at the hardest pruning rate",
    **WORTH,
)
WEIGHTS = Estimand(
    "weights_alone",
    "Do the noisy weights alone gain?",
    f"{PAPER}, section IV-A, Figs. 2 and 3",
    "The original mask on the noisy weights gains.",
    "accuracy with the original mask and noisy weights minus deterministic accuracy, at the hardest pruning rate",
    **WORTH,
)
TOGETHER = Estimand(
    "mask_and_weights_together",
    "Do noisy mask and noisy weights gain more together than the sum of what each gains?",
    f"{PAPER}, contributions and section IV-A",
    "The gain arises from the combination of mask and weights: it is more than the sum of both alone.",
    "gain of both minus gains of the mask alone and of the weights alone, at the hardest pruning rate",
    **WORTH,
    lowest=-300.0,
    highest=300.0,
)
STRUCTURED = Estimand(
    "structured",
    "Does noise gain when whole filters are removed?",
    f"beyond {PAPER}",
    "Noise gains when whole filters are removed, at the setting that exploring chose.",
    f"{GAIN}; of structured pruning",
    **WORTH,
)
MILD = Estimand(
    "noise_costs_at_mild_rate",
    "Does noise cost accuracy at the mildest pruning rate?",
    f"{PAPER}, section IV-A, Fig. 1a",
    "At a mild pruning rate stochastic networks are on average slightly worse.",
    "deterministic minus stochastic accuracy at the mildest pruning rate of the transfer",
    smallest=0.5,
    unit=POINTS,
)
HARDER = Estimand(
    "gain_grows_with_rate",
    "Does noise gain more at the hardest pruning rate than at the mildest?",
    f"{PAPER}, sections IV-A and IV-C",
    "Noise gains at hard pruning rates, and not at mild ones.",
    "gain at the hardest minus at the mildest pruning rate of the transfer",
    **WORTH,
    lowest=-200.0,
    highest=200.0,
)
Cell = Mapping[str, Any]


def of_cell(table: pd.DataFrame, gamma: float, sigma: float, recalibrated: bool = False) -> pd.DataFrame:
    """The stochastic networks of a cell beside their counterparts: seed, median, reference, delta, one row a network.

    Args:
        table: what `prunescape.stochastic.populations.evaluate_variants` gives, of one model and method.
        gamma, sigma: of the cell.
        recalibrated: whether batch norm is.
    """
    way = table["recalibrated"].astype(bool) == recalibrated
    plain = (table["kind"] == DETERMINISTIC) & (table["gamma"] == gamma)
    noisy = (table["kind"] == STOCHASTIC) & (table["gamma"] == gamma) & (table["sigma"] == sigma)
    return seed_medians(table[way & (plain | noisy)]).set_index("seed")


def normalised(confirmed: pd.DataFrame) -> bool:
    """Whether networks were recalibrated, too, as all are that have batch norm."""
    return bool(confirmed["recalibrated"].any())


def one_shot(
    confirmed: pd.DataFrame, best: Cell, confirming: Confirming, printed: Mapping[tuple[float, float], float]
) -> list[Claim]:
    """Claims on confirmed.csv of one model.

    Args:
        confirmed: of the model.
        best: what `prunescape.stochastic.statistics.choose_cells` gave.
        confirming: of the model.
        printed: the SP paper's gains, by gamma and sigma.
    """
    of_magnitude = confirmed[confirmed["method"] == MAGNITUDE]
    cell = best["gamma"], best["sigma"]
    main = of_cell(of_magnitude, *cell)
    stated = [
        confirming.of(main["median"], main["reference"]).gains(
            WINS,
            main["delta"],
            f"{_at(*cell)}{_both(main)}",
            core=True,
            numbers={"gamma": cell[0], "sigma": cell[1]},
            published=printed.get(cell),
            published_in=f"{PAPER}, Table I",
        )
    ]
    if normalised(confirmed):
        chosen = of_method(best, RECALIBRATED)
        there, here = of_cell(of_magnitude, *chosen, True), of_cell(of_magnitude, *cell, True)
        stated += [
            confirming.of(there["median"], there["reference"]).gains(
                WINS_RECALIBRATED, there["delta"], f"{_at(*chosen)}{_both(there)}", core=True
            ),
            confirming.of(here["median"], here["reference"]).gains(
                OUTLIVES,
                here["delta"],
                f"{_at(*cell)}{main['delta'].mean():+.1f} points become {{}}",
            ),
            confirming.of(main["median"], here["reference"]).gains(
                RECALIBRATION,
                main["median"] - here["reference"],
                f"{_at(*cell)}noise alone reaches {main['median'].mean():.1f} %, recalibration alone"
                f" {here['reference'].mean():.1f} %, a difference of {{}}",
            ),
        ]
    draws = contrast(_only(of_magnitude, cell))
    better = (draws["delta"] > 0).groupby(draws["seed"]).mean() - 0.9
    dense = confirmed[(confirmed["method"] == NO_METHOD) & ~confirmed["recalibrated"].astype(bool)]
    noisy = seed_medians(dense)
    noisy = noisy[noisy["kind"] == DENSE_STOCHASTIC].set_index("seed")
    stated += [
        _everywhere(of_magnitude, confirming),
        confirming.of(main["median"], main["reference"]).above(
            DRAWS, better, f"{100 * (better.mean() + 0.9):.0f} % of the draws are; the share minus 0.9 is {{}}"
        ),
        confirming.equal(
            DENSE_SAME,
            noisy["delta"],
            f"with noise of {best['sigma']:g} the dense network has {noisy['median'].mean():.1f} %, without"
            f" {noisy['reference'].mean():.1f} %, a difference of {{}}",
        ),
        _best_noise(of_magnitude, cell, confirming),
        _cannot(ON_CIFAR100, "a run has one data set", confirming),
        _cannot(VARIANCE_ADDS, "both are so by construction, whatever is measured", confirming),
    ]
    for method in confirmed["method"].drop_duplicates():
        if method not in (MAGNITUDE, NO_METHOD):
            own = of_method(best, method)
            part = of_cell(confirmed[confirmed["method"] == method], *own)
            stated.append(
                confirming.of(part["median"], part["reference"]).gains(
                    OF_METHOD,
                    part["delta"],
                    f"{_at(*own)}{_both(part)}",
                    question=f"Does noise gain with the score {method}, at a setting of its own?",
                    case=str(method),
                )
            )
    return stated


def _only(table: pd.DataFrame, cell: tuple[float, float]) -> pd.DataFrame:
    """The networks of a cell, with batch norm as pretrained."""
    here = (table["gamma"] == cell[0]) & ((table["kind"] == DETERMINISTIC) | (table["sigma"] == cell[1]))
    return table[here & ~table["recalibrated"].astype(bool)]


def _everywhere(table: pd.DataFrame, confirming: Confirming) -> Claim:
    """The claim on all cells with batch norm as pretrained, but for those in which all networks guess."""
    medians = seed_medians(table[~table["recalibrated"].astype(bool)])
    wide = medians.pivot_table(index="seed", columns=["gamma", "sigma"], values=["delta", "median", "reference"])
    guessing = (wide["median"].mean() <= confirming.chance) & (wide["reference"].mean() <= confirming.chance)
    if guessing.all():  # then nothing is decided
        confirming, guessing = confirming.of(), ~guessing
    words = "the cell that decides gains {}"
    if guessing.any():
        words += f"; in {int(guessing.sum())} of {len(guessing)} cells all networks guess, which are left out"
    return confirming.every(EVERYWHERE, wide["delta"].loc[:, ~guessing], words)


def _best_noise(table: pd.DataFrame, cell: tuple[float, float], confirming: Confirming) -> Claim:
    """The claim that the chosen noise is better than less and more; it has to lie between others at its rate."""
    gamma, sigma = cell
    medians = seed_medians(table[~table["recalibrated"].astype(bool)])
    here = medians[(medians["kind"] == STOCHASTIC) & (medians["gamma"] == gamma)]
    wide = here.pivot_table(index="seed", columns="sigma", values="median")
    others = [other for other in wide if other != sigma]
    if not others or not min(others) < sigma < max(others):
        why = f"at gamma {gamma:g} exploring chose sigma {sigma:g}, which lies between no others"
        return _cannot(BEST_NOISE, why, confirming)
    means = ", ".join(f"{wide[other].mean():.1f} % with sigma {other:g}" for other in wide)
    gains = pd.DataFrame({other: wide[sigma] - wide[other] for other in others})
    words = f"at gamma {gamma:g} networks have {means}; over the other that decides sigma {sigma:g} gains {{}}"
    return confirming.of(*(wide[other] for other in wide)).every(BEST_NOISE, gains, words)


def _cannot(asked: Estimand, why: str, confirming: Confirming) -> Claim:
    """The claim that cannot be asked of one network's results, and why."""
    return confirming.asking.answered(asked, f"This cannot be asked here: {why}.", None, {}, outcome=CANNOT)


def _at(gamma: float, sigma: float) -> str:
    return f"at gamma {gamma:g}, sigma {sigma:g} "


def _both(cell: pd.DataFrame) -> str:
    """The accuracies of both sides in words, before the gain."""
    return (
        f"stochastic pruning has {cell['median'].mean():.1f} %, deterministic {cell['reference'].mean():.1f} %,"
        " a gain of {}"
    )


def transferred(transfer: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """Claims on transfer.csv of one model, at its hardest pruning rate and at its mildest, if it has several."""
    gamma, mildest = transfer["gamma"].max(), transfer["gamma"].min()
    plain = transfer[~transfer["recalibrated"].astype(bool)]
    hard, easy = (
        seed_medians(plain[plain["gamma"] == rate]).pivot_table(
            index="seed", columns="kind", values=["delta", "median", "reference"]
        )
        for rate in (gamma, mildest)
    )
    gain, mild = hard["delta"], easy["delta"]
    accuracies = [hard["reference"][STOCHASTIC], *(hard["median"][kind] for kind in hard["median"])]
    confirming = confirming.of(*accuracies)
    sigma = float(plain["sigma"].max())
    both, mask, weights = (gain[kind] for kind in (STOCHASTIC, MASK_S_TO_D, MASK_D_TO_S))
    more = both - mask - weights
    where = _at(gamma, sigma)
    stated = [
        confirming.gains(MASK, mask, f"{where}it gains {{}}, both together {both.mean():+.1f} points"),
        confirming.gains(WEIGHTS, weights, f"{where}they gain {{}}, both together {both.mean():+.1f} points"),
        confirming.gains(
            TOGETHER,
            more,
            f"{where}both gain {both.mean():+.1f} points, the mask alone {mask.mean():+.1f}, the weights alone"
            f" {weights.mean():+.1f}: together {{}} more",
        ),
    ]
    if mildest == gamma:  # which were compared with itself
        return stated
    return [
        *stated,
        confirming.above(MILD, -mild[STOCHASTIC], f"{_at(mildest, sigma)}it costs {{}}", digits=1, unit=POINTS),
        confirming.gains(
            HARDER,
            both - mild[STOCHASTIC],
            f"with sigma {sigma:g} it gains {both.mean():+.1f} points at gamma {gamma:g} and"
            f" {mild[STOCHASTIC].mean():+.1f} at {mildest:g}, {{}} more",
        ),
    ]


def structured(table: pd.DataFrame, confirming: Confirming) -> list[Claim]:
    """The claim on confirmed_structured.csv of one model."""
    noisy = table[table["kind"] == STOCHASTIC].iloc[0]
    part = of_cell(table, noisy["gamma"], noisy["sigma"])
    beside = ""
    if normalised(table):
        again = of_cell(table, noisy["gamma"], noisy["sigma"], True)
        beside = f"; recalibrated, {again['delta'].mean():+.1f} points"
    words = (
        f"{noisy['method']} pruning of {100 * noisy['gamma']:.0f} % of the FLOPs at sigma {noisy['sigma']:g}:"
        f" {_both(part)}{beside}"
    )
    return [confirming.of(part["median"], part["reference"]).gains(STRUCTURED, part["delta"], words)]
