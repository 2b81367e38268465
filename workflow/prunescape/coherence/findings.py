"""What the study found, in numbers with intervals over seeds and in sentences that follow from them.

Each finding is a dict: question, answer (a sentence), what `prunescape.answers.judged` says of it (`decided` is None
where there is nothing to decide), topic and case (see `prunescape.questions`), and the numbers behind it. Here are the
thesis' chapters 2 to 4; `mask_findings` and `timing_findings` have those on masks.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from prunescape.answers import ABOVE, BELOW, EQUAL, IF_BELOW, answered_by, decided, judged, of_seeds, shown, verdict
from prunescape.coherence import mask_findings, timing_findings
from prunescape.coherence.diff_spread import mean_magnitude, of_network
from prunescape.coherence.growth import Finding, with_size
from prunescape.coherence.labels import FRESH, GAUSSIAN, HIGHEST, LOWEST, REAL, TRAINED, with_gap

Tables = Mapping[str, pd.DataFrame]

MLP = "mlp"  # what the width experiments' networks are called
KINDS = {REAL: "real data", GAUSSIAN: "Gaussian noise"}


def findings(tables: Tables, models: Sequence[str], tolerance: float) -> dict[str, Any]:
    """Everything that the study says.

    Args:
        tables: by name, those of the study's tables that there are: epochs, diff_histogram, widths, width_diffs,
            children, mask_overlap, early_masks, matched.
        models: names, in order; that of the width experiments' networks comes after them.
        tolerance: points by which accuracies may differ and count as equal.

    Returns:
        tolerance, and models: by name, findings, a list.
    """
    answers: dict[str, list[Callable[[pd.DataFrame], list[Finding]]]] = {
        "epochs": [_real, _from_trained],
        "diff_histogram": [_large, _on_noise],
        "widths": [_by_width],
        "width_diffs": [_narrower],
        **mask_findings.answers(tolerance),
        **timing_findings.answers(tolerance),
    }
    found = {}
    for model in dict.fromkeys([*models, MLP]):
        own = {name: _of(table, model) for name, table in tables.items()}
        answered = answered_by(answers, own)
        if answered or model != MLP:
            found[model] = {"findings": answered}
    return {"tolerance": tolerance, "models": found}


def _of(table: pd.DataFrame, model: str) -> pd.DataFrame:
    """A model's rows; tables without models are of the width experiments."""
    if "model" in table:
        return table[table["model"] == model]
    return table if model == MLP else table.iloc[:0]


def highest_coherence(epochs: pd.DataFrame, data: str, start: str) -> pd.Series:
    """The highest coherence after any epoch of one kind of training, by seed.

    Before the first epoch it says nothing of learning: trained weights that meet new images err all alike.
    """
    chosen = epochs[(epochs["data"] == data) & (epochs["start"] == start) & (epochs["epoch"] > 0)]
    return chosen.groupby("seed")["coherence"].max().dropna()


def _end(epochs: pd.DataFrame, data: str, start: str) -> float:
    """The training accuracy after the last epoch, a mean over seeds."""
    chosen = epochs[(epochs["data"] == data) & (epochs["start"] == start)]
    return float(chosen[chosen["epoch"] == chosen["epoch"].max()]["train_top1"].mean())


def _real(epochs: pd.DataFrame) -> list[Finding]:
    """Is coherence higher on real than on random data (thesis, Figs. 2.1, 2.2)?"""
    return _compared(epochs, "Is coherence higher on real data than on Gaussian noise?", FRESH)


def _from_trained(epochs: pd.DataFrame) -> list[Finding]:
    """Is it so regardless of the initialisation (thesis, Fig. 2.4)?"""
    question = "Is it so too where training on noise starts from weights trained on real data?"
    return _compared(epochs, question, TRAINED)


def _compared(epochs: pd.DataFrame, question: str, start: str) -> list[Finding]:
    real, noise = highest_coherence(epochs, REAL, FRESH), highest_coherence(epochs, GAUSSIAN, start)
    more = (real - noise).dropna()
    if more.empty:
        return []
    row = of_seeds("more", more)
    seeds = more.index
    return [
        {
            "question": question,
            "answer": f"{verdict('more', row)}: after its best epoch coherence is {real[seeds].mean():.3g} on real data"
            f" and {noise[seeds].mean():.3g} on noise, {shown('more', row, 4, '')} more; training accuracy ends at"
            f" {_end(epochs, REAL, FRESH):.1f} % and {_end(epochs, GAUSSIAN, start):.1f} %.",
            **judged("more", row, 4, ""),
            "start": start,
            "real": float(real[seeds].mean()),
            "gaussian": float(noise[seeds].mean()),
            **row,
        }
    ]


def _large(histogram: pd.DataFrame) -> list[Finding]:
    """Are diffs larger when coherence is high (thesis, 3.2)?"""
    found = []
    sizes = mean_magnitude(of_network(histogram), ["start", "data", "seed", "which"]).unstack("which")
    if not {HIGHEST, LOWEST} <= set(sizes):
        return []
    for data, words in KINDS.items():
        mine = sizes[(sizes.index.get_level_values("data") == data) & (sizes.index.get_level_values("start") == FRESH)]
        mine = mine.dropna()
        if mine.empty:
            continue
        row = of_seeds("more", mine[HIGHEST] - mine[LOWEST])
        found.append(
            {
                "question": f"Are diffs larger where coherence is high, on {words}?",
                "topic": "Are diffs larger where coherence is high?",
                "case": words,
                "answer": f"{verdict('more', row)}: the mean |diff| is {mine[HIGHEST].mean():.4f} after the epoch of"
                f" the highest coherence and {mine[LOWEST].mean():.4f} after that of the lowest,"
                f" {shown('more', row, 4, '')} more.",
                **judged("more", row, 4, ""),
                "data": data,
                **row,
            }
        )
    return found


def _on_noise(histogram: pd.DataFrame) -> list[Finding]:
    """Are diffs as large on Gaussian as on real data (thesis, 3.2 and 7.2)?"""
    chosen = histogram[(histogram["which"] == HIGHEST) & (histogram["start"] == FRESH)]
    sizes = mean_magnitude(of_network(chosen), ["seed", "data"]).unstack("data")
    if not {REAL, GAUSSIAN} <= set(sizes) or sizes.dropna().empty:
        return []
    sizes = sizes.dropna()
    row = of_seeds("more", sizes[GAUSSIAN] - sizes[REAL])
    words = {ABOVE: "No, they are larger", BELOW: "Yes, they are smaller", EQUAL: "No, they are as large"}
    word = words.get(decided("more", row), "Not decided")
    return [
        {
            "question": "Are diffs small on Gaussian noise, as coherence is?",
            "answer": f"{word}: at the highest coherence the mean |diff| is {sizes[GAUSSIAN].mean():.4f} on noise and"
            f" {sizes[REAL].mean():.4f} on real data, {shown('more', row, 4, '')} more on noise"
            f" ({(sizes[GAUSSIAN] / sizes[REAL]).mean():.2f} times as large).",
            **judged("more", row, 4, " more on noise", outcomes=IF_BELOW),
            **row,
        }
    ]


def _by_width(widths: pd.DataFrame) -> list[Finding]:
    """Do coherence, generalisation gap and accuracy grow with width (thesis, Figs. 4.1 to 4.3)?"""
    last = with_gap(widths.sort_values("epoch").groupby(["seed", "width"]).tail(1))
    after = widths[widths["epoch"] > 0]
    grown = {
        "the highest coherence": after.pivot_table(index="seed", columns="width", values="coherence", aggfunc="max"),
        "the generalisation gap": last.pivot_table(index="seed", columns="width", values="gap"),
        "validation accuracy": last.pivot_table(index="seed", columns="width", values="validation_top1"),
    }
    units = {"the highest coherence": (4, "")}
    return [
        finding
        for name, values in grown.items()
        for finding in with_size(
            f"Does {name} grow with width?", name, values, "width", *units.get(name, (2, " points"))
        )
    ]


def _narrower(histogram: pd.DataFrame) -> list[Finding]:
    """Are diffs narrower in wider networks (thesis, Fig. 4.4)?"""
    sizes = mean_magnitude(histogram, ["seed", "width"]).unstack("width")
    return with_size("Do diffs grow with width?", "the mean |diff|", sizes, "width", 4, "")
