"""Put the demos' figures into the gallery, smaller: `python docs/tools/gallery.py`, or `make gallery`.

The page says which: each picture is followed by the command that makes its figure.
"""

import re
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).parents[1]
PICTURE = re.compile(r"^!\[[^\]]*\]\((gallery/\w+\.png)\)$|^snakemake (results/\S+\.png)$", re.MULTILINE)
WIDTH, COLOURS = 1250, 128  # pixels, and entries of the palette


def pictures(page: str) -> dict[str, str]:
    """The figure behind each picture of the gallery, both in the order of the page."""
    found = PICTURE.findall(page)
    return dict(zip((picture for picture, _ in found[::2]), (figure for _, figure in found[1::2]), strict=True))


def shrink(figure: Path, picture: Path) -> None:
    """A figure as a PNG of few colours, at most `WIDTH` wide; the same bytes each time."""
    with Image.open(figure) as image:
        whole = image.convert("RGB")
    if whole.width > WIDTH:
        whole = whole.resize((WIDTH, round(whole.height * WIDTH / whole.width)), Image.Resampling.LANCZOS)
    # By what colours cover, not by how often they are there: else a mark of its own colour would get another one.
    few = whole.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


if __name__ == "__main__":
    wanted = pictures((DOCS / "gallery.md").read_text(encoding="utf-8"))
    missing = [figure for figure in wanted.values() if not (DOCS.parent / figure).is_file()]
    if missing:
        sys.exit(f"these figures are not there yet; make them with\n  snakemake {' '.join(missing)}")
    for picture, figure in wanted.items():
        shrink(DOCS.parent / figure, DOCS / picture)
