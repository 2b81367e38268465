"""Masks: which weights a score keeps, among all layers together, with a floor for each, or in each layer alike.

A mask has an exact number of weights. The best ones have the highest scores, the worst ones the lowest; a diff's score
is its size. Diffs are multiples of one part in |D|, so many are equal: among equal scores chance decides, by a seed.
Beside the thesis' scores there are others of gradients, see `prunescape.coherence.scores`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import torch

from prunescape.coherence.schedule import OF_GRADIENTS
from prunescape.data.randomness import derive_seed
from prunescape.pruning.scores import magnitude, random_scores
from prunescape.pruning.unstructured import Tensors, highest

DIFF, MAGNITUDE, RANDOM = "diff", "magnitude", "random"
SCORES = (DIFF, MAGNITUDE, *OF_GRADIENTS, RANDOM)
BEST, WORST = "best", "worst"
GLOBAL, FLOOR, LOCAL = "global", "floor", "local"
SCOPES = (GLOBAL, FLOOR, LOCAL)
FLOOR_DENSITY = 0.02  # coherence thesis, 6.1
PART, LOW = 2**20, 2**32 - 1  # of arrays that are gone through in parts; the lower half of a whole number of 64 bits
MOST = 2**31  # weights that are ranked together, as ranks have 32 bits and a sign


class Choice(NamedTuple):
    """The choice of a mask: its score, the end of the score's order, and the scope of the ranking.

    Attributes:
        score: one of `SCORES`.
        end: `BEST` or `WORST`; "" for random scores, which have no ends.
        scope: one of `SCOPES`.
    """

    score: str
    end: str
    scope: str


def choices(scores: Sequence[str], ends: Sequence[str], scopes: Sequence[str]) -> list[Choice]:
    """Every combination of scores, ends and scopes; random scores have no ends."""
    return [
        Choice(score, end, scope) for scope in scopes for score in scores for end in ([""] if score == RANDOM else ends)
    ]


def begun(wanted: Sequence[Choice], initialisations: Sequence[str]) -> list[tuple[str, Choice]]:
    """The children of masks, each an initialisation and a choice.

    With the first initialisation there are all, with the others the best and the random masks of one scope: the local
    one, where each layer keeps as much, or else the first.
    """
    scopes = [choice.scope for choice in wanted]
    one = LOCAL if LOCAL in scopes else scopes[0]
    few = [choice for choice in wanted if choice.scope == one and choice.end != WORST]
    first, *others = initialisations
    return [(first, choice) for choice in wanted] + [(other, choice) for other in others for choice in few]


def ranks(scores: Mapping[str, torch.Tensor], seed: int) -> Tensors:
    """Ranks of weights in the order of their scores, lowest 0, among all layers: whole numbers, no two alike.

    Of n weights it holds about 20 n bytes at its peak: a weight's score and its place in a random order are the upper
    and the lower half of one whole number, which is sorted in place. Scores of double precision are sorted twice, by
    their lower half first.

    Args:
        scores: by parameter name.
        seed: decides among equal ones.

    Raises:
        ValueError: there are more than `MOST` weights.
    """
    shapes = {name: layer.shape for name, layer in scores.items()}
    flat = torch.cat([layer.detach().flatten().cpu() for layer in scores.values()])
    del scores  # of large networks the caller keeps none of them
    count, generator = len(flat), torch.Generator().manual_seed(derive_seed(seed, "among equal scores"))
    if count > MOST:
        raise ValueError(f"{count:,} weights are too many to be ranked together: there may be {MOST:,}")
    halves = _halves(flat if flat.dtype in (torch.float32, torch.float64) else flat.double())
    del flat
    places = np.empty(count, dtype=np.uint32)
    for part, place in _parts(torch.randperm(count, generator=generator).numpy()):
        places[part] = np.arange(place, place + len(part), dtype=np.uint32)
    while halves:
        places = _placed(halves.pop(), places)
    parts = torch.from_numpy(places.view(np.int32)).split([shape.numel() for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _halves(scores: torch.Tensor) -> list[np.ndarray]:
    """Whole numbers of 32 bits in the order of scores, which are overwritten: two of double precision, upper first."""
    numbers = scores.add_(0).numpy()  # there is no -0 among them
    bits = numbers.view(f"i{numbers.itemsize}")
    limits = np.iinfo(bits.dtype)
    for part, _ in _parts(bits):
        part ^= (part >> (limits.bits - 1)) & bits.dtype.type(limits.max)  # negative ones are in reverse
    bits ^= bits.dtype.type(limits.min)
    if limits.bits == 32:
        return [bits.view(np.uint32)]
    ordered = bits.view(np.uint64)
    lower = ordered.astype(np.uint32)
    ordered >>= np.uint64(32)
    return [ordered.astype(np.uint32), lower]


def _placed(values: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places in the order of values, and among equal values in the order of the places given; all of 32 bits."""
    keys = values.astype(np.uint64)
    del values
    keys <<= np.uint64(32)
    keys |= places
    keys.sort()
    of_given = np.empty_like(places)
    for part, place in _parts(keys):
        of_given[part & np.uint64(LOW)] = np.arange(place, place + len(part), dtype=np.uint32)
    del keys
    found = np.empty_like(places)
    for part, place in _parts(places):
        found[place : place + len(part)] = of_given[part]
    return found


def _parts(array: np.ndarray) -> Iterator[tuple[np.ndarray, int]]:
    """An array in parts, each with where it begins: indices of numpy are copied as whole numbers of 64 bits."""
    for place in range(0, len(array), PART):
        yield array[place : place + PART], place


def scored(score: str, tensors: Mapping[str, torch.Tensor], seed: int) -> Tensors:
    """Ranks of weights by a score, see `ranks`.

    Args:
        score: one of `SCORES`.
        tensors: by parameter name: for `DIFF` the diffs of the weights that are pruned, for one of `OF_GRADIENTS`
            these scores, else the weights.
        seed: of random scores, and of the choice among equal ones.
    """
    if score == RANDOM:
        return ranks(random_scores(tensors, derive_seed(seed, "random mask")), seed)
    if score in OF_GRADIENTS:  # GraSP's has a sign
        return ranks(tensors, seed)
    return ranks(magnitude(tensors), seed)


def mask(choice: Choice, placed: Mapping[str, torch.Tensor], count: int) -> Tensors:
    """The mask of a choice, boolean, by parameter name.

    Args:
        choice: score, end and scope.
        placed: ranks of the weights by this score, see `scored`.
        count: how many are kept.
    """
    if choice.end == WORST:
        placed = {name: -layer for name, layer in placed.items()}
    return keep(placed, count, choice.scope)


def keep(scores: Mapping[str, torch.Tensor], count: int, scope: str) -> Tensors:
    """Masks of the `count` highest of these ranks, no two of which are alike.

    With a floor no layer keeps less than `floors` says: each layer's highest come first, and the rest are the highest
    of all that is left. Raising few layers to the floor so costs all others alike.
    """
    if scope == GLOBAL:
        return _among_all(scores, count)
    sizes = [layer.numel() for layer in scores.values()]
    if scope == LOCAL:
        return layerwise(scores, dict(zip(scores, shares(sizes, count), strict=True)))
    floor = layerwise(scores, dict(zip(scores, floors(sizes, count), strict=True)))
    # numpy takes what a mask marks without a list of its places.
    left = np.concatenate([layer.numpy()[~floor[name].numpy()] for name, layer in scores.items()])
    least = _least(left, count - (sum(sizes) - len(left)))
    del left
    return {name: floor[name] | (layer >= least) for name, layer in scores.items()}


def _among_all(scores: Mapping[str, torch.Tensor], count: int) -> Tensors:
    """Masks of the `count` highest of ranks, no two of which are alike, of all layers together."""
    flat = torch.cat([layer.flatten() for layer in scores.values()]).numpy()
    least = _least(flat, count)
    del flat
    return {name: layer >= least for name, layer in scores.items()}


def _least(ranks: np.ndarray, count: int) -> int:
    """The lowest of the `count` highest ranks, which are put into another order in place."""
    if count == 0:
        return int(np.iinfo(ranks.dtype).max)
    ranks.partition(len(ranks) - count)
    return int(ranks[len(ranks) - count])


def layerwise(scores: Mapping[str, torch.Tensor], counts: Mapping[str, int]) -> Tensors:
    """Masks of the highest ranks of each layer, of each so many."""
    return {name: layer >= _least(layer.flatten().numpy().copy(), counts[name]) for name, layer in scores.items()}


def floor_of(weights: int) -> int:
    """The floor of a layer of so many weights: `FLOOR_DENSITY` of them, rounded up."""
    return math.ceil(Fraction(repr(FLOOR_DENSITY)) * weights)


def floors(sizes: Sequence[int], count: int) -> list[int]:
    """The fewest weights that each layer keeps in a mask with a floor, together never more than `count`.

    These are `floor_of` each layer. A mask whose floors together are more than `count` still keeps no more than that:
    they are lowered in proportion, by `shares`. So it is in all masks of a density below `FLOOR_DENSITY`, which then
    keep as much of each layer as local ones do, but for rounding. The thesis (6.1) has the floor at a density of 10 %,
    and says nothing of the case.

    Args:
        sizes: weights of each layer.
        count: weights that the mask keeps.
    """
    wanted = [floor_of(size) for size in sizes]
    return shares(wanted, min(count, sum(wanted)))


def shares(sizes: Sequence[int], count: int) -> list[int]:
    """`count` things among layers in proportion to their sizes, whole numbers by largest remainders, earlier first."""
    exact = [Fraction(count * size, sum(sizes)) for size in sizes]
    parts = [math.floor(share) for share in exact]
    order = sorted(range(len(sizes)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: count - sum(parts)]:
        parts[place] += 1
    return parts


def matched(of: Mapping[str, torch.Tensor], seed: int) -> Tensors:
    """A random mask that keeps as many weights of each layer as a given one."""
    scores = random_scores({name: layer.float() for name, layer in of.items()}, derive_seed(seed, "matched mask"))
    return {name: highest(layer, int(of[name].sum())) for name, layer in scores.items()}
