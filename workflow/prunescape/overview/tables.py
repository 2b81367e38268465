"""Numbers as people read them, and tables on a terminal, in a file or through a pipe."""

from collections.abc import Sequence

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table

UNKNOWN = "?"
DEVICES = {"cpu": "core", "gpu": "GPU"}


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[RenderableType]], totals: Sequence[str]) -> Table:
    """A table whose first two columns are words and the others numbers, with a line of totals."""
    result = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, show_footer=True)
    for position, (name, total) in enumerate(zip(columns, totals, strict=True)):
        result.add_column(name, total, justify="left" if position < 2 else "right", footer_style="bold", no_wrap=True)
    for row in rows:
        result.add_row(*row)
    return result


def show(parts: Sequence[RenderableType], console: Console | None = None) -> None:
    """Print tables and lines; as wide as they need to be where standard output is no terminal."""
    screen = console or Console(highlight=False)
    if not screen.is_terminal:
        screen.width = 200
    for part in parts:
        if isinstance(part, str):
            screen.print(part, markup=False, soft_wrap=True)  # names in it come from the user's files
        else:
            screen.print(part)


def duration(seconds: float | None) -> str:
    """A duration in words, such as `45 s`, `12 min`, `3.4 h` or `17 days`."""
    if seconds is None:
        return UNKNOWN
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}" if unit < 3600 else f"{seconds / unit:.1f} {name}"
    return f"{seconds / 86400:.1f} days"


def hours(seconds: float | None) -> str:
    """Device time in hours, to two digits below ten."""
    if seconds is None:
        return UNKNOWN
    value = seconds / 3600
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2g}"


def flops(value: float | None) -> str:
    """A number of FLOPs in words, such as `6.8e+15`."""
    return UNKNOWN if value is None else f"{value:.1e}"


def size(value: float | None) -> str:
    """A number of bytes in words, such as `1.2 GB`, in powers of ten."""
    if value is None:
        return UNKNOWN
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def total(values: Sequence[float | None]) -> float | None:
    """The sum of parts; None where a part is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
