"""The config's section `extension`."""

from typing import Annotated

from prunescape.config.section import Integer, Points, Positive, Section, Two, key


class Extension(Section):
    """Growth of the grid: tiles are added where a variant's region of interest touches the border, for all variants."""

    rounds: Annotated[int, Integer(ge=0, le=20)] = key(3, "Most rounds of growth (0, off).", unit="rounds")
    roi: Points = key(
        1.0, "The region of interest that must not touch the border, in points below the best cell.", unit="points"
    )
    learning_rate: Two[Positive] = key(
        (1e-05, 10.0),
        "The lowest and the highest learning rate that the grid may reach.",
        unit="factor",
        hint="write [lowest, highest]",
    )
    weight_decay: Two[Positive] = key(
        (1e-07, 1.0),
        "The lowest and the highest weight decay that the grid may reach.",
        unit="factor",
        hint="write [lowest, highest]",
    )
