"""Sample sets: many random subsets of a network's weights, ablated (utility paper, definition 3)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import torch

from prunescape.data.prepared import PreparedData
from prunescape.errors import UserError
from prunescape.mechanism.statistics import mean_error
from prunescape.mechanism.subsets import Weights, are_enough, part_or_none, random_subset
from prunescape.mechanism.utility import MEASURED, Ablations
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.training.engine import Engine

RATIO, NUMBER = "ratio", "number"
ABLATIONS = (RATIO, NUMBER)
LEVELS = (0.01, 0.05, 0.075, 0.1, 0.15, 0.25)  # ablation ratios of the utility paper
SUBSETS = 500  # N of the utility paper, 2.1.2
ROUND = 32  # subsets after which the standard error is looked at
COLUMNS = ("ablation", "level", "ablated", "subset", *MEASURED)


@dataclass(frozen=True)
class SampleSettings:
    """Settings of sample sets: levels of ablation, number of subsets, and seed.

    Attributes:
        levels: how much is ablated: ratios, in (0, 1].
        ablation: of what the levels are ratios: "ratio", of the network's own weights; or "number", of `reference`
            weights, so that networks of unlike size lose equally many (utility paper, 2.2.1, Fig. 3 bottom).
        subsets: N, random subsets a level.
        seed: of the subsets.
        reference: the weights of the 1x network, for "number".
        standard_error: if given, sets grow in rounds of 32 only until the mean utility's standard error is at most this
            (in nats), and to N at most.
    """

    levels: Sequence[float] = LEVELS
    ablation: str = RATIO
    subsets: int = SUBSETS
    seed: int = 0
    reference: int | None = None
    standard_error: float | None = None

    @classmethod
    def from_config(cls, section: Mapping[str, Any], seed: int, **values: Any) -> "SampleSettings":
        """Levels, subsets and standard_error of a config section, and the other settings as they are given."""
        given = {name: section[name] for name in ("levels", "subsets", "standard_error")}
        return cls(**given, seed=seed, **values)

    def count(self, weights: int, level: float) -> int:
        """Number of a network's `weights` weights that are ablated at a level; none for a level below one of them."""
        if self.ablation == NUMBER and self.reference is None:
            raise ValueError("an ablation by number needs the number of weights that levels refer to")
        return part_or_none(weights if self.ablation == RATIO or self.reference is None else self.reference, level)


def sample_utility(
    ablations: Ablations,
    settings: SampleSettings,
    kept: Mapping[str, torch.Tensor] | None = None,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Ablate random subsets of a network's weights, a sample set at each level.

    A level is left out where there are fewer different subsets than are asked for, which would be measured again and
    again: above all where it is all of a network's weights or more, or not one.

    Args:
        ablations: of the network.
        settings: which subsets.
        kept: the weights that subsets are drawn from; see `prunescape.mechanism.subsets.Weights.of`.

    Returns:
        One row a subset: `COLUMNS`; ablated is the number of weights, level the ratio that was asked for, and the rest
        is explained in `prunescape.mechanism.utility.Ablations.measure`. None where every level by number is left out.

    Raises:
        Interrupted: the process was asked to stop.
        UserError: every level of the network's own weights is left out.
    """
    weights = Weights.of(ablations.network, kept)
    tables = []
    for level in settings.levels:
        count = settings.count(len(weights), level)
        if not are_enough(len(weights), count, settings.subsets):
            if report is not None:
                report(
                    f"{settings.ablation} {level:g}: left out, there are fewer than {settings.subsets} different"
                    f" subsets of {count} out of {len(weights)} weights"
                )
            continue
        table = _sample(ablations, settings, weights, count)
        tables.append(table.assign(ablation=settings.ablation, level=level))
        if report is not None:
            report(f"{settings.ablation} {level:g}: {len(table)} subsets of {count} weights ablated")
    if tables:
        return pd.concat(tables, ignore_index=True)[list(COLUMNS)]
    if settings.ablation == RATIO:
        raise UserError(
            f"mechanism.levels: at none of them have the network's {len(weights)} weights {settings.subsets} different"
            " subsets; write larger levels, or a smaller mechanism.subsets"
        )
    return pd.DataFrame(columns=list(COLUMNS))


def _sample(ablations: Ablations, settings: SampleSettings, weights: Weights, count: int) -> pd.DataFrame:
    draw = partial(random_subset, weights, count, settings.seed)
    if settings.standard_error is None:
        return ablations.measure([draw(number) for number in range(settings.subsets)])
    samples = pd.DataFrame()
    while len(samples) < settings.subsets:
        numbers = range(len(samples), min(len(samples) + ROUND, settings.subsets))
        samples = pd.concat([samples, ablations.measure([draw(number) for number in numbers])], ignore_index=True)
        if mean_error(samples["utility"].to_numpy()) <= settings.standard_error:
            break
    return samples


def utility_over_epochs(
    architecture: Architecture,
    states: Mapping[int, Mapping[str, torch.Tensor]],
    data: PreparedData,
    engine: Engine,
    settings: SampleSettings,
    kept: Mapping[str, torch.Tensor] | None = None,
    report: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """The utility during a training (utility paper, 2.1.2, Fig. 2, 7-13), of equal subsets at each epoch.

    Args:
        architecture: the network.
        states: its state dicts by epoch, as `prunescape.training.checkpoint.Snapshots.lane` gives them.
        settings: which subsets.
        kept: see `sample_utility`.

    Returns:
        One row an epoch and subset: epoch, whole_top1 (of the network itself, percent, training images), whole_loss,
        and the columns of `sample_utility`.

    Raises:
        Interrupted: the process was asked to stop.
    """
    network, tables = build(architecture), []
    for epoch, state in states.items():
        network.load_state_dict(dict(state))
        ablations = Ablations(network, data, engine)
        table = sample_utility(ablations, settings, kept, report)
        tables.append(pd.DataFrame({"epoch": epoch, **ablations.whole()}, index=table.index).join(table))
        if report is not None:
            report(f"epoch {epoch}: {len(table)} subsets ablated")
    return pd.concat(tables, ignore_index=True)
