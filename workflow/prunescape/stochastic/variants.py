"""The networks that a pretrained one gives: dense or pruned, with noise or without, and with masks exchanged."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import pandas as pd
from torch import nn

from prunescape.data.randomness import derive_seed
from prunescape.errors import UserError
from prunescape.pruning.scores import GraspSettings, Labelled, score
from prunescape.pruning.settings import MAGNITUDE, SPARSEGPT, WAYS
from prunescape.pruning.surgeon import compensate, inverse_factors, saliencies
from prunescape.pruning.unstructured import NO_LAYER, Tensors, apply_masks, masks
from prunescape.stochastic.chosen import of_method, rate
from prunescape.stochastic.deployment import deployed_cells
from prunescape.stochastic.names import (
    DENSE,
    DENSE_STOCHASTIC,
    DETERMINISTIC,
    KINDS,
    MASK_D_TO_S,
    MASK_S_TO_D,
    NO_METHOD,
    RECALIBRATED,
    STOCHASTIC,
)
from prunescape.stochastic.noise import PRUNABLE, perturb

VARIANT_COLUMNS = ("model", "seed", "method", "gamma", "sigma", "kind", "draw")


@dataclass(frozen=True)
class Variant:
    """A network made of a pretrained one, w* (SP paper, eq. 2-3, section IV-A; w_p = w* + noise).

    Attributes:
        kind: what it is,
            "dense": w*;
            "dense_stochastic": w_p;
            "deterministic": m(w*) w*;
            "stochastic": m(w_p) w_p;
            "mask_s_to_d": m(w_p) w*;
            "mask_d_to_s": m(w*) w_p.
        method: how weights are chosen, a key of `prunescape.pruning.settings.WAYS`; "none" for the dense kinds.
        gamma: the fraction of prunable weights removed; 0 for the dense kinds.
        sigma: standard deviation of the noise; 0 for the kinds without.
        draw: number of the noise's draw; 0 for the kinds without.
    """

    kind: str
    method: str = NO_METHOD
    gamma: float = 0.0
    sigma: float = 0.0
    draw: int = 0


def variants(
    methods: Sequence[str],
    gammas: Sequence[float],
    sigmas: Sequence[float],
    draws: int,
    kinds: Sequence[str] = KINDS,
) -> list[Variant]:
    """Every variant of these kinds, in an order in which neighbours share their noise and scores.

    N:M masks have one pruning rate, whatever `gammas` are.
    """
    made = [Variant(DENSE)] if DENSE in kinds else []
    noises = [(sigma, draw) for sigma in sigmas for draw in range(draws)]
    if DENSE_STOCHASTIC in kinds:
        made += [Variant(DENSE_STOCHASTIC, sigma=sigma, draw=draw) for sigma, draw in noises]
    pruned = [kind for kind in kinds if kind in (STOCHASTIC, MASK_S_TO_D, MASK_D_TO_S)]
    for method in methods:
        rates = list(dict.fromkeys(rate(method, gamma) for gamma in gammas))
        if DETERMINISTIC in kinds:
            made += [Variant(DETERMINISTIC, method, gamma) for gamma in rates]
        made += [
            Variant(kind, method, gamma, sigma, draw) for sigma, draw in noises for gamma in rates for kind in pruned
        ]
    return made


def variants_of(wanted: Mapping[str, Any], best: Mapping[str, Any] | None = None) -> list[Variant]:
    """The variants that a rule's settings ask for.

    Args:
        wanted: methods, gammas, sigmas, draws and kinds, as `variants` takes them; gammas and sigmas may be None.
        best: the cell that stands in for None.
    """
    filled = dict(wanted)
    for axis, name in (("gammas", "gamma"), ("sigmas", "sigma")):
        if filled[axis] is None:
            assert best is not None
            filled[axis] = [best[name]]
    return variants(**filled)


def confirmed_variants(
    methods: Sequence[str],
    gammas: Sequence[float],
    sigmas: Sequence[float],
    draws: int,
    best: Mapping[str, Any],
) -> list[Variant]:
    """The variants whose gains are confirmed: dense ones, each cell of the grid, and what each method chose.

    Args:
        methods: how weights are chosen.
        gammas, sigmas: of the grid, for magnitude.
        draws: networks a cell.
        best: see `prunescape.stochastic.chosen.of_method`.
    """
    made = [Variant(DENSE), *(Variant(DENSE_STOCHASTIC, sigma=best["sigma"], draw=draw) for draw in range(draws))]
    for method in methods:
        cells = [of_method(best, method)]
        if method == MAGNITUDE:
            cells += [of_method(best, RECALIBRATED), *((gamma, sigma) for gamma in gammas for sigma in sigmas)]
        cells = list(dict.fromkeys(cells))
        made += [Variant(DETERMINISTIC, method, gamma) for gamma in dict.fromkeys(gamma for gamma, _ in cells)]
        made += [Variant(STOCHASTIC, method, *cell, draw) for cell in cells for draw in range(draws)]
    return made


def deployed_variants(chosen: Mapping[str, Any], draws: int) -> list[Variant]:
    """The dense network and those that would be deployed; see `prunescape.stochastic.deployment.choose_deployment`."""
    made = [Variant(DENSE)]
    for kind, method, gamma, sigma in deployed_cells(chosen):
        made += [Variant(kind, method, gamma, sigma, draw) for draw in range(draws if sigma else 1)]
    return made


def tuning_variants(
    methods: Sequence[str], sigmas: Sequence[float], draws: int, best: Mapping[str, Any], gamma: float | None = None
) -> list[Variant]:
    """The variants that are fine-tuned: all noises at one pruning rate, and what each method chose (Table II, Fig. 8).

    Each method has a deterministic network at magnitude's pruning rate, too, so that methods can be compared.

    Args:
        methods: how weights are chosen.
        sigmas: standard deviations of the noise.
        draws: networks a method and cell.
        best: see `prunescape.stochastic.chosen.of_method`.
        gamma: the pruning rate at which all noises are tried; None takes that which each method chose.

    Returns:
        For each method the deterministic network of each pruning rate, then the stochastic ones; no variant twice.
    """
    chosen = []
    for method in methods:
        own = of_method(best, method)
        tried = rate(method, gamma) if gamma else own[0]
        cells = dict.fromkeys([*((tried, sigma) for sigma in sigmas), own])
        rates = dict.fromkeys([*(removed for removed, _ in cells), rate(method, best["gamma"])])
        chosen += [Variant(DETERMINISTIC, method, removed) for removed in rates]
        chosen += [Variant(STOCHASTIC, method, *cell, draw) for cell in cells for draw in range(draws)]
    return chosen


class Pretrained:
    """A pretrained network, w*, and what names the noise around it.

    Attributes:
        model: its name in tables.
        seed: the seed that it was trained with; it names the draws of noise, and those of random scores, too.
        network: it, plain; it is not changed.
        stage: the experiment, which names the draws, too.
        exclude: layers that are neither pruned nor, unless every parameter is, perturbed.
        scoring: batches on which scores see the network; None where none does.
    """

    def __init__(
        self,
        model: str,
        seed: int,
        network: nn.Module,
        perturbed: str = PRUNABLE,
        scoring: Labelled | None = None,
        stage: str = "",
        exclude: str = NO_LAYER,
        of_grasp: GraspSettings | None = None,
        relative: bool = False,
    ) -> None:
        """Take a pretrained network, and check that its weights are finite.

        Args:
            model: its name in tables.
            seed: see above.
            network: a plain network, on any device; variants are made on the same.
            perturbed: what noise is added to, one of `prunescape.stochastic.noise.PERTURBED`.
            scoring: see above; on the same device.
            stage: see above.
            exclude: one of `prunescape.pruning.unstructured.EXCLUDED`.
            of_grasp: how "grasp" takes the loss.
            relative: whether sigma is in units of each layer's scale, see `prunescape.stochastic.noise.perturb`.

        Raises:
            UserError: a weight is not finite.
        """
        if not all(bool(tensor.isfinite().all()) for tensor in network.state_dict().values()):
            raise UserError(f"{model}, seed {seed}: the dense network diverged; choose a smaller learning rate")
        self.model, self.seed, self.network, self.stage = model, seed, network, stage
        self.exclude, self.scoring = exclude, scoring
        self._perturbed, self._of_grasp, self._relative = perturbed, of_grasp, relative
        # Neighbours in a list of variants differ in gamma or kind alone: w*'s scores and one draw's are enough.
        self.noisy = lru_cache(maxsize=1)(self._draw_noise)
        self._scores = lru_cache(maxsize=2)(self._score)
        self._factors = lru_cache(maxsize=1)(self._invert)

    def for_stage(self, stage: str) -> "Pretrained":
        """A copy of the variant for another experiment, with draws of its own."""
        return self._again(stage, self._relative)

    def with_relative_noise(self) -> "Pretrained":
        """A copy of the variant with the same draws of noise, and sigma in units of each layer's scale."""
        return self._again(self.stage, True)

    def _again(self, stage: str, relative: bool) -> "Pretrained":
        choices = self._perturbed, self.scoring, stage, self.exclude, self._of_grasp, relative
        return Pretrained(self.model, self.seed, self.network, *choices)

    def make(self, variant: Variant) -> nn.Module:
        """The variant as a plain network of its own.

        Raises:
            ValueError: there is no such kind.
        """
        if variant.kind not in KINDS:
            raise ValueError(f"there is no kind {variant.kind!r}")
        noisy = variant.kind in (DENSE_STOCHASTIC, STOCHASTIC, MASK_D_TO_S)
        network = copy.deepcopy(self.noisy(variant.sigma, variant.draw) if noisy else self.network)
        if variant.method == NO_METHOD:
            return network
        if WAYS[variant.method].updates:
            factors = self._factors(*(variant.sigma, variant.draw) if noisy else (0.0, 0))
            return compensate(network, self.masks(variant), factors)
        return apply_masks(network, self.masks(variant))

    def masks(self, variant: Variant) -> Tensors:
        """The weights that a pruned variant keeps, as `prunescape.training.train.Lane` takes them."""
        noisy = variant.kind in (STOCHASTIC, MASK_S_TO_D)
        way = WAYS[variant.method]
        scores = self._scores(way.score, variant.sigma if noisy else 0.0, variant.draw if noisy else 0)
        return masks(scores, variant.gamma, way.scope)

    def _draw_noise(self, sigma: float, draw: int) -> nn.Module:
        named = self.seed, draw, self._perturbed, self.stage, self.exclude
        return perturb(self.network, sigma, *named, relative=self._relative)

    def _score(self, method: str, sigma: float, draw: int) -> Tensors:
        network = self.noisy(sigma, draw) if sigma else self.network
        if method == SPARSEGPT:
            return saliencies(network, self._factors(sigma, draw))
        number = draw + 1 if sigma else 0  # the deterministic network's random scores are nobody else's
        return score(
            method,
            network,
            batches=self.scoring,
            seed=derive_seed(self.seed, f"random scores of {self.stage}", number),
            exclude=self.exclude,
            of_grasp=self._of_grasp,
        )

    def _invert(self, sigma: float, draw: int) -> Tensors:
        assert self.scoring is not None
        return inverse_factors(self.noisy(sigma, draw) if sigma else self.network, self.scoring, self.exclude)


def variant_table(pretrained: Pretrained, variants: Sequence[Variant]) -> pd.DataFrame:
    """The variants as a table, one row each: `VARIANT_COLUMNS`."""
    labels = {"model": pretrained.model, "seed": pretrained.seed}
    return pd.DataFrame([labels | asdict(variant) for variant in variants], columns=list(VARIANT_COLUMNS))
