"""The questions to a pruned network, the rules by which they are answered, and the seeds that answer them.

Light: used while the Snakefile is parsed.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prunescape.data.randomness import derive_seed, fresh_seed
from prunescape.hpspace.lattice import Cell
from prunescape.statistics.looks import OPEN, level_of, looks
from prunescape.variant import DENSE as DENSE_VARIANT

DENSE = DENSE_VARIANT.name
PRIOR, TUNED, POLICY = "prior", "tuned", "policy"
PRIOR_CELL = Cell(0, 0)
STAGE_OF_FINALISTS = "finalists"
COLLAPSED, FEW_IMAGES, DENSE_NEAR_CHANCE = "collapsed", "images", "dense near chance"  # what keeps an answer back
FINALISTS, FRESH_SEEDS = 4, 5  # cells among which is chosen, and seeds with which each is trained for that
LANES = 4  # at most, in an array of trainings at chosen settings: there are so few, and idle lanes cost time

# What a look shows of a question, as columns of decisions.csv.
SHOWN = (
    "generation",
    "seeds",
    "gain",
    "low",
    "high",
    "level",
    "deviation",
    "image_error",
    "accuracy_tuned",
    "accuracy",
)


@dataclass(frozen=True)
class Rules:
    """The rules by which questions are answered, fixed before the first confirmation.

    Attributes:
        margin: the gain that is worth it, in points.
        level: how often any answer of the verdict may be wrong, in each direction.
        power: that an advised number of seeds should have.
        least_skill: the part of the way from chance to 100 % that a network must have gone.
        confirm: the most seeds; None explores only.
        policy: whether the thesis' policy is a question, too: a cell of the dense network's region of interest.
        count_collapsed: whether trainings that collapsed have been looked at and count as they are.
        networks: pruned ones of the whole verdict.
        risk_roi: the region of interest of the policy, in points.
    """

    margin: float
    level: float
    power: float
    least_skill: float
    confirm: int | None
    policy: bool
    count_collapsed: bool
    networks: int
    risk_roi: float

    @property
    def questions(self) -> list[str]:
        """The settings over which `tuned` may gain."""
        return [PRIOR, DENSE, *([POLICY] if self.policy else [])]

    @property
    def looks(self) -> list[int]:
        """The numbers of seeds at which is looked."""
        return [] if self.confirm is None else looks(self.confirm)

    def level_of(self, generation: int) -> float:
        """The level of one question of one network."""
        return level_of(self.level, self.networks * len(self.questions), generation)


def seed_of(model: str, variant: str, stage: str, number: int) -> int:
    """The seed of a training that is used for nothing else, by its number from 0 on.

    Args:
        model, variant: the network.
        stage: what it is for: the finalists, or a generation of the confirmation.
        number: from 0 on.
    """
    return fresh_seed(number, f"{model}/{variant}/{stage}")


def stage_of_finalists(finalists: Sequence[Sequence[float]]) -> str:
    """The stage of the trainings of some finalists: other ones have files of their own, so that none are lost.

    Args:
        finalists: coordinates (i, j) and hyperparameters of each.
    """
    digest = hashlib.sha256(json.dumps([list(cell) for cell in finalists]).encode()).hexdigest()
    return f"{STAGE_OF_FINALISTS}-{digest[:8]}"


def is_asked(entry: Mapping[str, Any]) -> bool:
    """Whether a network, as a round has it, needs more trainings."""
    return bool(entry.get("questions")) and not entry["why_not"] and bool(open_questions(entry))


def open_questions(entry: Mapping[str, Any]) -> list[str]:
    """The questions of a network that more trainings may answer."""
    final = (COLLAPSED, DENSE_NEAR_CHANCE)
    return [name for name, of in entry["questions"].items() if of["answer"] == OPEN and of["blocked"] not in final]


def settings_of(entry: Mapping[str, Any], seed: int) -> dict[str, Cell]:
    """The settings that a network is trained at with a seed, by name; that of the policy is drawn for each seed."""
    return {
        name: Cell(*(cell[derive_seed(seed, POLICY) % len(cell)] if name == POLICY else cell))
        for name, cell in entry["settings"].items()
    }
