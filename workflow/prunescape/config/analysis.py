"""The config's section `analysis`."""

from typing import Annotated

from prunescape.config.section import Integer, Number, Points, Section, Some, key, within


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
