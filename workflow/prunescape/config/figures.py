"""The config's section `figures`."""

from typing import Annotated, Any, Literal

from prunescape.config.section import Integer, Number, Points, Section, Some, key, within


class Figures(Section):
    """How the figures look."""

    formats: Some[Literal["png", "pdf", "svg"]] = key(("png", "pdf"), "File formats that each figure is written in.")
    dpi: Annotated[int, Integer(ge=30, le=1200)] = key(150, "Resolution of PNG figures.", unit="dots per inch")
    width: Annotated[Number, within(ge=2, le=40)] | None = key(
        None,
        "Width of each figure, as a paper's column has it; `null` makes each as wide as its panels need, 5 to 14 "
        "inches. Panels become narrower, text does not: a figure whose panels would be too narrow takes two columns. "
        "With 3.5 inches take a `font_size` of 7.",
        unit="inches",
    )
    font_size: Annotated[Number, within(ge=4, le=20)] = key(
        8.5, "Size of the figures' text; titles are larger, notes smaller, as much as ever.", unit="points"
    )
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

    @property
    def paper(self) -> dict[str, Any]:
        """What `prunescape.figures.style.on_paper` takes, where it is not the default."""
        usual = {name: type(self).model_fields[name].default for name in ("width", "font_size")}
        return {name: value for name, default in usual.items() if (value := getattr(self, name)) != default}
