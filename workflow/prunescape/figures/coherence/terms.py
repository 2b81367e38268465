"""Terms and looks of the study `coherence`, as its figures have them."""

import pandas as pd

from prunescape.coherence.labels import BEST, DIFF, MAGNITUDE, MASKS, NONE, RANDOM, WORST
from prunescape.figures import style
from prunescape.figures.palette import BLUE, GREEN, ORANGE, VERMILION, VIOLET, Look

TRAINING, VALIDATION = "Training accuracy (%)", "Validation accuracy (%)"
COHERENCE = "Coherence α"
DASHED = (0, (3.5, 1.5))
# What networks are trained on, and from which weights.
RUNS = {
    "real fresh": Look(BLUE, "o", "real data"),
    "gaussian fresh": Look(ORANGE, "s", "Gaussian noise", (0, (5, 1.2))),
    "gaussian trained": Look(VIOLET, "D", "Gaussian noise, from weights trained on real data", (0, (2, 1.2))),
}
WHICH = {
    "highest": Look("#123c5a", "o", "epoch of the highest coherence"),
    "lowest": Look(VERMILION, "s", "epoch of the lowest coherence"),
}
_SCORES = {NONE: (style.INK, "o"), DIFF: (BLUE, "o"), MAGNITUDE: (VERMILION, "s"), RANDOM: (GREEN, "D")}
_SCORES |= {"coherence": (VIOLET, "^"), "gradient": (ORANGE, "v"), "snip": ("#5b6770", "P"), "grasp": ("#a3527f", "X")}
MASK_LOOKS = {
    f"{score} {end}".strip(): Look(*_SCORES[score], words, DASHED if end == WORST else "-")
    for (score, end), words in MASKS.items()
}
SCORE_LOOKS = {score: MASK_LOOKS[f"{score} {BEST}"] for score in (DIFF, MAGNITUDE)}


def with_run(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of trainings that are `RUNS`, with `run`, their key; random labels have a figure of their own."""
    table = table.assign(run=table["data"].astype(str) + " " + table["start"].astype(str))
    return table[table["run"].isin(RUNS)]


def with_mask(table: pd.DataFrame) -> pd.DataFrame:
    """A copy of a labelled table with `mask`, a key of `MASK_LOOKS`."""
    return table.assign(mask=(table["score"].astype(str) + " " + table["end"].astype(str)).str.strip())
