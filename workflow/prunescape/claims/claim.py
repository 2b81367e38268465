"""A claim: what a source says, whether it holds here, and the number with its interval from which that follows."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from prunescape.claims.columns import COLUMNS
from prunescape.claims.judgement import (
    ABOVE,
    ANSWERS,
    BELOW,
    BEYOND,
    CANNOT,
    DECIDED,
    EQUAL,
    NOT_ABOVE,
    NOT_BELOW,
    OPEN,
    OUTCOMES,
    UNDECIDED,
    UNTESTED,
    Judgement,
)

CLEAREST = 1e6  # where all seeds agree to the last digit


_ID = re.compile(r"[a-z]+(\.[\w+-]+)+")
_TOLD = re.compile(rf"({'|'.join(ANSWERS.values())})[:,]", re.IGNORECASE)  # how an answer that decides begins


@dataclass(frozen=True)
class Claim:
    """A claim of a study on one network; see `prunescape.claims.columns` for what its attributes mean.

    Attributes:
        numbers: by name, what else was measured for the answer, as `claims.json` has it.
    """

    id: str
    study: str
    model: str
    data: str
    source: str
    statement: str
    topic: str
    case: str
    question: str
    outcome: str
    answer: str
    quantity: str
    decided: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    level: float | None = None
    tolerance: float | None = None
    evidence: str = ""
    would_decide: str = ""
    published: float | None = None
    published_in: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an outcome that the interval does not say, and words that say another outcome.

        Raises:
            ValueError: what contradicts what.
        """
        if self.outcome not in OUTCOMES or (self.decided and self.decided not in DECIDED):
            raise ValueError(f"{self.id}: no outcome {self.outcome!r}, {self.decided!r}")
        if not _ID.fullmatch(self.id) or not self.id.startswith(f"{self.study}."):
            raise ValueError(f"{self.id!r}: no id of a claim of {self.study}")
        if not self._follows():
            raise ValueError(
                f"{self.id}: the interval [{self.low}, {self.high}] with tolerance {self.tolerance} does not say"
                f" {self.decided!r}, {self.outcome!r}"
            )
        told = _TOLD.match(self.answer)
        if told and told[1].lower() != ANSWERS.get(self.outcome):
            raise ValueError(f"{self.question} {self.answer} The outcome is {self.outcome!r}")
        if bool(self.would_decide) != (self.outcome == UNDECIDED):
            raise ValueError(f"{self.id}: {self.outcome}, and what would decide it is {self.would_decide!r}")

    def _follows(self) -> bool:
        """Whether the interval and the decision on it agree with the outcome."""
        if self.outcome in (CANNOT, UNTESTED):
            return not self.decided
        if (self.decided == OPEN) != (self.outcome == UNDECIDED) or not self.decided:
            return False
        if self.decided == OPEN:
            return True
        if self.low is None or self.high is None or self.tolerance is None or self.low > self.high:
            return False
        equal = -self.tolerance <= self.low and self.high <= self.tolerance
        return {
            ABOVE: self.low > 0 and not equal,
            BELOW: self.high < 0 and not equal,
            EQUAL: equal,
            NOT_BELOW: self.low >= -self.tolerance,
            BEYOND: self.low > self.tolerance,
            NOT_ABOVE: self.high <= self.tolerance,
        }[self.decided]

    @property
    def key(self) -> str:
        """The key of the question that the claim answers, a part of its id."""
        return self.id.split(".")[1]

    @property
    def is_tested(self) -> bool:
        """Whether a rule decides the claim, or might."""
        return self.outcome in ANSWERS

    @property
    def clarity(self) -> float:
        """Distance of the effect from where nothing were decided, in half widths of its interval; 0 without one."""
        if self.effect is None or self.low is None or self.high is None or self.tolerance is None:
            return 0.0
        half, size = (self.high - self.low) / 2, abs(self.effect)
        away = {
            EQUAL: self.tolerance - size,
            NOT_BELOW: self.effect + self.tolerance,
            BEYOND: self.effect - self.tolerance,
            NOT_ABOVE: self.tolerance - self.effect,
        }.get(self.decided, size)
        return min(away / half, CLEAREST) if half > 0 else CLEAREST

    def to_row(self) -> dict[str, Any]:
        """The claim as a row of claims.csv."""
        return {name: getattr(self, name) for name in COLUMNS}

    def to_json(self) -> dict[str, Any]:
        """The claim as claims.json has it, `numbers` included."""
        return {**self.to_row(), "numbers": dict(self.numbers)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Claim":
        """The claim that `to_json` gave.

        Raises:
            TypeError, ValueError: it is none of this version.
        """
        return cls(**value)


class About(NamedTuple):
    """The subject of claims: the study, the network, the data set and trainings."""

    study: str
    model: str
    data: str


@dataclass(frozen=True)
class Question:
    """A question of a study; claims answer it, one for each network and case.

    Attributes:
        key: its part of the claims' ids.
        text: the question, whatever the case.
        source, statement, quantity: see `prunescape.claims.columns`.
    """

    key: str
    text: str
    source: str
    statement: str
    quantity: str

    def answered(
        self,
        about: About,
        answer: str,
        judgement: Judgement | None,
        outcome: str = UNTESTED,
        question: str = "",
        case: str = "",
        key: str = "",
        topic: str = "",
        published: float | None = None,
        published_in: str = "",
        numbers: Mapping[str, Any] | None = None,
    ) -> Claim:
        """The claim that answers it.

        Args:
            about: what it is about.
            answer: a sentence.
            judgement: None where nothing is tested or asked.
            outcome: which of the two it is then.
            question, topic: the question with its case, and without, where `text` is not both.
            case: in words.
            key: the case's part of the id, where the words are not stable.
            published, published_in: the source's value, NaN or None where it has none, and where it stands.
            numbers: behind the answer.
        """
        theirs = None if published is None or math.isnan(published) else float(published)
        return Claim(
            id=".".join(filter(None, [about.study, self.key, slug(key or case), about.model])),
            study=about.study,
            model=about.model,
            data=about.data,
            source=self.source,
            statement=self.statement,
            topic=topic or self.text,
            case=case,
            question=question or self.text,
            answer=answer,
            quantity=self.quantity,
            published=theirs,
            published_in="" if theirs is None else published_in,
            numbers=numbers or {},
            **({"outcome": outcome} if judgement is None else judgement._asdict()),
        )


def slug(words: str) -> str:
    """Words as a part of an id: letters, digits, dots and hyphens, with underscores between."""
    return re.sub(r"[^a-z0-9.+-]+", "_", words.lower()).strip("_")
