"""Pages of the companion studies, of made-up findings and tables."""

from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

import coherence_table_samples
import mechanism_tables
from prunescape.answers import judged
from prunescape.coherence.findings import findings
from prunescape.pages.companion import Caption, companion_page
from prunescape.pages.provenance import Job

PROJECT = Path(__file__).parents[1]
CONFIG: dict[str, Any] = {
    "run": "sample",
    "data": {"name": "digits"},
    "models": {"small_resnet": {}},
    "seeds": [0, 1, 2],
}


def finding(question: str, mean: float, half: float = 1.0, **about: Any) -> dict[str, Any]:
    """A finding whose interval reaches that far to either side of its mean."""
    row = {"more": mean, "more_low": mean - half, "more_high": mean + half}
    return {"question": question, "answer": f"It is {mean:g} & more.", **about, **judged("more", row), **row}


def sample_findings(study: str) -> dict[str, Any]:
    """The findings of a study: of `coherence` as they follow from tables, else made up."""
    if study == "coherence":
        return findings(coherence_table_samples.tables(), [coherence_table_samples.MODEL], 0.5)
    told = [finding(f"Is it so ({case})?", mean, topic="Is it so?", case=case) for case, mean in CASES.items()]
    plain = {"question": "What is it?", "answer": "A <b>bold</b> thing.", "decided": None}
    cell = {"gamma": 0.9, "sigma": 0.005, "source": "grid"}
    return {"tolerance": 0.5, "models": {"small_resnet": {"cell": cell, "findings": [*told, plain]}}}


CASES = {"here": 3.0, "there": 9.0, "nowhere": -2.0, "perhaps": 0.5}


def sample_tables(study: str) -> dict[str, tuple[pd.DataFrame, Caption | None]]:
    """Tables of a study: a published one, with a caption, and one more."""
    published = pd.DataFrame({"model": ["small_resnet"] * 3, "gain": [3.25, -1.5, float("nan")]})
    more = {"mechanism": ("utility_sizes", mechanism_tables.sizes()), "stochastic": ("sweep", published)}
    more["coherence"] = ("epochs", coherence_table_samples.epochs())
    name, table = more[study]
    return {name: (table, None), "table_1": (published, Caption(2, "Table 1", "", 'What a "table" says.'))}


def sample_page(study: str, folder: Path) -> str:
    """The page of a study; pictures and logs lie in the folder."""
    Image.new("RGB", (1800, 900), "#0b4f8a").save(folder / "a.png")
    picture = Caption(5, "Every seed", "small_resnet", "Lines & dots.")
    (folder / "a.log").write_text(
        "12:00:00 so far\n12:00:09 finished after 7.5 s, and 6.2 s to start, on A Processor\n"
    )
    jobs = [Job("small_resnet", "pretrain", 2, str(folder / name)) for name in ("a.log", "gone.log")]
    pictures = [(str(folder / "a.png"), picture._replace(place=7, model="")), (str(folder / "a.png"), picture)]
    return companion_page(study, sample_findings(study), sample_tables(study), pictures, jobs, CONFIG, PROJECT)
