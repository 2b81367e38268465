"""The config's section `verdict`."""

from typing import Annotated

from prunescape.config.section import Fraction, Number, Points, Section, key, within


class Verdict(Section):
    """The test from which the recommendation follows.

    Keeping the dense network's hyperparameters is good enough where a loss of the margin is ruled out, and they must be
    tuned again where a smaller one is.
    """

    margin: Points = key(
        0.5, "Mean accuracy lost by keeping the dense settings that is small enough not to matter.", unit="points"
    )
    level: Annotated[Number, within(gt=0, lt=0.5)] = key(
        0.05, "How often either answer may be wrong.", unit="probability", hint="0.05 is usual"
    )
    least_skill: Fraction = key(
        0.2,
        "The part of the way from chance to 100 % that the best cell of a network must surely have gone; of one that "
        "has not, nothing is decided, and the verdict says to train longer (0, anything that is surely better than "
        "chance will do).",
        unit="part of the way",
    )
    power: Annotated[Number, within(ge=0.5, lt=1)] = key(
        0.8,
        "How surely the further seeds that an open verdict asks for should decide it.",
        unit="probability",
    )
