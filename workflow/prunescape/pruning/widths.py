"""How many channels each group keeps so that the network meets a FLOPs target.

Both searches end at FLOPs <= target and as close to it as single channels allow; see thesis, sections 2.2.3 and
3.2.2.
"""

from collections.abc import Mapping

import torch

from prunescape.errors import UserError
from prunescape.pruning.cost import Cost


def uniform_widths(cost: Cost, target: float, minimum: int = 1) -> dict[str, int]:
    """The same share of channels in every group; no width is a whole channel or more away from that share.

    Args:
        cost: prices the widths.
        target: FLOPs not to exceed.
        minimum: channels that every group keeps at least.

    Raises:
        UserError: the target cannot be met with `minimum` channels a group.
    """
    _check_reachable(cost, target, minimum)

    def shared(keep: float) -> dict[str, int]:
        return {group: max(minimum, int(width * keep)) for group, width in cost.dense.items()}

    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if cost.flops(shared(middle)) <= target:
            low = middle
        else:
            high = middle
    widths = shared(low)
    # The floors leave a little unspent: the groups that lost most to rounding get one channel back while that fits.
    by_remainder = sorted(cost.dense, key=lambda group: widths[group] - cost.dense[group] * low)
    for group in by_remainder:
        exact = cost.dense[group] * low
        if widths[group] < exact and cost.flops(widths) + cost.step(widths, group) <= target:
            widths[group] += 1
    return widths


def non_uniform_widths(
    cost: Cost,
    scores: Mapping[str, torch.Tensor],
    target: float,
    tolerance: float,
    minimum: int = 1,
) -> dict[str, int]:
    """Channels left when the globally weakest are removed until the target is met.

    What the last removal overshot is given back to the strongest removed channels that still fit; while the target is
    then still missed by more than `tolerance`, channels at the threshold are exchanged between groups.

    Args:
        cost: prices the widths.
        scores: one score a channel, by group, comparable between groups.
        target: FLOPs not to exceed.
        tolerance: FLOPs by which the result may stay below the target.
        minimum: channels that every group keeps at least.

    Raises:
        UserError: the target cannot be met with `minimum` channels a group.
    """
    _check_reachable(cost, target, minimum)
    ranked = {group: sorted(values.tolist(), reverse=True) for group, values in scores.items()}
    order = sorted((score, group) for group, values in ranked.items() for score in values[minimum:])  # weakest first
    widths = dict(cost.dense)
    for _, group in order:
        if cost.flops(widths) <= target:
            break
        widths[group] -= 1
    _give_back(cost, ranked, widths, target)
    while target - cost.flops(widths) > tolerance:
        better = _best_exchange(cost, ranked, widths, target, minimum)
        if better is None:
            break
        widths = better
    return widths


def _give_back(cost: Cost, ranked: Mapping[str, list[float]], widths: dict[str, int], target: float) -> None:
    """Widen groups in place, strongest removed channel first, while any fits."""
    spare = target - cost.flops(widths)
    while True:
        fitting = [
            (ranked[group][width], group)
            for group, width in widths.items()
            if width < cost.dense[group] and cost.step(widths, group) <= spare
        ]
        if not fitting:
            return
        _, group = max(fitting)
        spare -= cost.step(widths, group)
        widths[group] += 1


def _best_exchange(
    cost: Cost,
    ranked: Mapping[str, list[float]],
    widths: Mapping[str, int],
    target: float,
    minimum: int,
) -> dict[str, int] | None:
    """Take up to three channels out of one group, give back elsewhere; None if nothing comes closer to the target."""
    nearest, best = target - cost.flops(widths), None
    for source in widths:
        for taken in (1, 2, 3):
            if widths[source] - taken < minimum:
                break
            for receiver in widths:
                if receiver == source:
                    continue
                trial = {**widths, source: widths[source] - taken}
                spare = target - cost.flops(trial)
                room = cost.dense[receiver] - trial[receiver]
                trial[receiver] += min(room, int(spare // cost.step(trial, receiver)))
                _give_back(cost, ranked, trial, target)
                miss = target - cost.flops(trial)
                if miss < nearest:
                    nearest, best = miss, trial
    return best


def _check_reachable(cost: Cost, target: float, minimum: int) -> None:
    too_small = [group for group, width in cost.dense.items() if width < minimum]
    if too_small:
        raise UserError(
            f"pruning.minimum_channels is {minimum}, but {too_small[0]} has only {cost.dense[too_small[0]]}"
        )
    dense = cost.flops(cost.dense)
    least = cost.flops(dict.fromkeys(cost.dense, minimum))
    if least > target:
        raise UserError(
            f"ratio {target / dense:.4g} cannot be reached: with {minimum} channel(s) left in every prunable layer"
            f" {least / dense:.4f} of the FLOPs remain; choose a larger ratio"
        )
