"""The config's section `figures`."""

from typing import Annotated, Literal

from prunescape.config.section import Integer, Points, Section, Some, key


class Figures(Section):
    """How the figures look."""

    formats: Some[Literal["png", "pdf", "svg"]] = key(("png", "pdf"), "File formats that each figure is written in.")
    dpi: Annotated[int, Integer(ge=30, le=1200)] = key(150, "Resolution of PNG figures.", unit="dots per inch")
    titles: bool = key(True, "Whether figures have their titles; a paper's captions say the same.")
    landscape: Literal["below_best", "accuracy"] = key(
        "below_best",
        "What the colours of the landscapes show: points `below_best`, the best cell of each network itself, so that "
        "strongly pruned ones show theirs, too, or the `accuracy`, by which networks can be compared. The page to "
        "explore has a switch, which begins there.",
    )
    colour_range_percent: Points = key(
        15.0,
        "The share of a model's best cells, over all its variants, that the shared colour bar covers.",
        unit="percent",
    )
    colour_map: Literal["viridis", "cividis", "plasma", "inferno", "magma", "mako", "rocket"] = key(
        "viridis", "The landscapes' colours, an even sequential map."
    )
