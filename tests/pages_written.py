"""A page of every kind, of made-up results, in files."""

from pathlib import Path

from PIL import Image

from companion_page_samples import STUDIES, sample_claims
from companion_page_samples import sample_page as companion_page
from page_samples import sample_cells, sample_page, sample_tables
from prunescape.claims.page import claims_page
from prunescape.io.files import write_json
from prunescape.pages.index import write_index
from prunescape.pages.study import Caption


def write_pages(folder: Path) -> dict[str, Path]:
    """Write the page of each study, `index` and `claims`; their paths by kind."""
    for name in ("risk", "forest"):
        Image.new("RGB", (1800, 900), "#0b4f8a").save(folder / f"{name}.png")
    risk = str(folder / "risk.png"), Caption(2, "Performance risk", "", "top1", "What is lost.")
    forest = str(folder / "forest.png"), Caption(1, "What tuning again gains", "", "", "With intervals.")
    pages = {
        "hpspace": sample_page(sample_tables(sample_cells()), [risk, forest]),
        **{study: companion_page(study, folder) for study in STUDIES},
        "claims": claims_page(sample_claims("coherence")),
    }
    for kind, page in pages.items():
        (folder / f"{kind}.html").write_text(page)
    for study in ("mechanism", "coherence"):
        write_json(folder / study / "claims.json", sample_claims(study).to_json())
    (folder / "mechanism" / "explore.html").write_text("")
    figure = folder / "mechanism" / "figures" / "small_resnet" / "barriers.png"
    figure.parent.mkdir(parents=True)
    Image.new("RGB", (1800, 900), "#0b4f8a").save(figure)
    write_index(folder)
    return {kind: folder / f"{kind}.html" for kind in [*pages, "index"]}
