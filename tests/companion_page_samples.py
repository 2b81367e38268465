"""Pages of the companion studies, of made-up claims and tables."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

import coherence_table_samples
import mechanism_tables
import stochastic_tables
from prunescape.claims.claim import About, Claim, Question, slug
from prunescape.claims.judgement import judged
from prunescape.claims.study import StudyClaims
from prunescape.pages.companion import companion_page
from prunescape.pages.provenance import Job
from prunescape.pages.study import Caption
from prunescape.studies import registry

PROJECT = Path(__file__).parents[1]
STUDIES = [study.name for study in registry.COMPANIONS]
CONFIG: dict[str, Any] = {
    "run": "sample",
    "data": {"name": "digits"},
    "models": {"small_resnet": {}},
    "seeds": [0, 1, 2],
}


ASKED = Question("so", "Is it so?", "A Paper 2021, Fig. 1", "It is so.", "how much more it is")


def claim(question: str, mean: float, half: float = 1.0, model: str = "small_resnet", **others: Any) -> Claim:
    """A claim whose interval reaches that far to either side of its mean."""
    row = {"more": mean, "more_low": mean - half, "more_high": mean + half}
    about = About("mechanism", model, "digits, seeds 0, 1, 2")
    told = {"case": slug(question), "topic": question} | others
    return ASKED.answered(about, f"It is {mean:g} & more.", judged("more", row), question=question, **told)


def plain(question: str, answer: str, model: str = "small_resnet") -> Claim:
    """A claim that nothing tests."""
    return replace(ASKED, text=question, key=slug(question)).answered(About("mechanism", model, "digits"), answer, None)


def of_models(*claims: Claim) -> StudyClaims:
    """Claims of a study."""
    return StudyClaims(
        "mechanism", "What is so?", "Read this.", dict.fromkeys((one.model for one in claims), ""), claims
    )


def sample_claims(study: str) -> StudyClaims:
    """The claims of a study: of `coherence` as they follow from tables, else made up."""
    if study == "coherence":
        return coherence_table_samples.stated(coherence_table_samples.tables())
    told = [claim(f"Is it so ({case})?", mean, topic="Is it so?", case=case) for case, mean in CASES.items()]
    found = of_models(*told, plain("What is it?", "A <b>bold</b> thing."))
    own = [replace(one, study=study, id=f"{study}.{one.id.partition('.')[2]}") for one in found.claims]
    return replace(found, study=study, models={"small_resnet": "Best setting: gamma 0.9."}, claims=own)


CASES = {"here": 3.0, "there": 9.0, "nowhere": -2.0, "perhaps": 0.5}


def sample_tables(study: str) -> dict[str, tuple[pd.DataFrame, Caption]]:
    """Tables of a study: a published one, with a caption, and one more."""
    published = pd.DataFrame({"model": ["small_resnet"] * 3, "gain": [3.25, -1.5, float("nan")]})
    sweep = stochastic_tables.one_shot(methods=("magnitude", "lamp"))
    more = {"mechanism": ("cycles", mechanism_tables.cycles()), "stochastic": ("sweep", sweep)}
    more["coherence"] = ("epochs", coherence_table_samples.epochs())
    name, table = more[study]
    first = (published, Caption(2, "Table 1", "", "", 'What a "table" says.'))
    found = {
        "table_1": first,
        name: (table, Caption(0, "One more", "", "", "", {"top1": "top-1 accuracy, `as it is`"})),
    }
    return {**found, **{name: (of, Caption(0, name, "", "", "")) for name, of in sample_planes(study).items()}}


def sample_planes(study: str) -> dict[str, pd.DataFrame]:
    """Planes of two seeds, two cycles and both ways of batch norm; other studies have none."""
    if study != "mechanism":
        return {}
    chosen = {"seeds": (0, 1), "numbers": (1, 5)}
    surface = mechanism_tables.surface(side=5, **chosen)
    surface["top1"] += surface["seed"] + 0.1 * surface["cycle"]
    combined = surface.assign(recomputed=False, top1=surface["top1"] / 2)
    return {"surface": pd.concat([surface, combined], ignore_index=True), "marks": mechanism_tables.marks(**chosen)}


def sample_page(study: str, folder: Path) -> str:
    """The page of a study; pictures and logs lie in the folder."""
    Image.new("RGB", (1800, 900), "#0b4f8a").save(folder / "a.png")
    picture = Caption(5, "Every seed", "small_resnet", "", "Lines & dots.")
    (folder / "a.log").write_text(
        "12:00:00 so far\n12:00:09 finished after 7.5 s, and 6.2 s to start, on A Processor\n"
    )
    jobs = [Job("small_resnet", "pretrain", 2, str(folder / name)) for name in ("a.log", "gone.log")]
    pictures = [(str(folder / "a.png"), picture._replace(place=7, model="")), (str(folder / "a.png"), picture)]
    charts = next([asdict(chart) for chart in of.charts] for of in registry.COMPANIONS if of.name == study)
    return companion_page(sample_claims(study), sample_tables(study), pictures, jobs, CONFIG, PROJECT, charts)
