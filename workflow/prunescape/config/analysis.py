"""The config's sections `analysis` and `verdict`."""

from typing import Annotated

from prunescape.config.section import Count, Epoch, Flag, Fraction, Integer, Number, Points, Section, Some, key, within


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
    """The questions to each pruned network, and the trainings that answer them.

    Its tuned setting is compared with the prior and with the dense network's tuned setting, on trainings with fresh
    seeds: the setting is kept where a gain of the margin is ruled out, and tuned where a smaller gain is.
    """

    margin: Points = key(
        0.5, "The gain in accuracy that makes tuning again worth it; less does not matter.", unit="points"
    )
    confirm: Annotated[int, Integer(ge=5)] | None = key(
        20,
        "The most seeds with which the chosen settings of a network are trained again, 5, 10, 20, 40, 80 or twice that "
        "and so on: after each of these the questions are looked at, and answered ones end (null explores only, and "
        "nothing is decided). It may be raised later.",
        unit="seeds",
        hint="write 5, 10, 20, 40, 80, ... or null",
    )
    level: Annotated[Number, within(gt=0, lt=0.5)] = key(
        0.05,
        "How often any answer of the whole verdict may be wrong, in each direction.",
        unit="probability",
        hint="0.05 is usual",
    )
    policy: Flag = key(
        False,
        "Whether the thesis' policy is compared, too: cells of the dense network's region of interest `risk_roi`, "
        "one drawn for each seed.",
    )
    count_collapsed: Flag = key(
        False,
        "Whether trainings that collapsed or diverged count as they are; false leaves a question open that rests on "
        "one, until you have looked at it.",
    )
    least_skill: Fraction = key(
        0.2,
        "The part of the way from chance to 100 % that a network must surely have gone at its tuned setting; of one "
        "that has not, nothing is asked, and the verdict says to train longer (0, anything that is surely better than "
        "chance will do).",
        unit="part of the way",
    )
    power: Annotated[Number, within(ge=0.5, lt=1)] = key(
        0.8,
        "How surely the seeds that an open answer asks for should decide it.",
        unit="probability",
    )


class Terms(Verdict):
    """The section `verdict`, and how far was explored, as a verdict has them; no part of a config."""

    rounds: Epoch = key(..., "Rounds in which grids may grow: `extension.rounds`.", unit="rounds")
    trainings: Count | None = key(
        None, "Most trainings that explore a network, where few do: `exploration.trainings`.", unit="trainings"
    )
