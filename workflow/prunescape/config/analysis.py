"""The config's sections `analysis` and `verdict`."""

from typing import Annotated

from prunescape.config.section import Fraction, Integer, Number, Points, Section, Some, key, within


class Analysis(Section):
    """Regions of interest (ROI), their confidence ellipses, and the risk of keeping the dense network's."""

    roi: Some[Points] = key(
        (0.5, 1.0),
        "The regions of interest, each in points of accuracy below the best cell; increasing.",
        unit="points",
    )
    risk_roi: Points = key(
        0.5, "The region of interest of the dense network whose reuse is put at risk; one of `roi`.", unit="points"
    )
    sigma: Annotated[Number, within(gt=0, le=10)] = key(
        2.0, "Size of the confidence ellipses (2 holds 86.47 %).", unit="standard deviations"
    )
    minimum_cells: Annotated[int, Integer(ge=3)] = key(
        5, "Fewest cells to which an ellipse is fitted.", unit="cells", hint="an ellipse needs three cells"
    )
    confidence: Annotated[Number, within(ge=0.5, lt=1)] = key(
        0.95, "Confidence of the intervals.", unit="probability", hint="0.95 is usual"
    )
    draws: Annotated[int, Integer(ge=100, le=100_000)] = key(
        2000, "Draws of each landscape from which intervals are made.", unit="draws"
    )


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
