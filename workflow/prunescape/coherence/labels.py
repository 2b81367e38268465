"""Labels of masks in the study's tables: a score, the end of its order that is kept, and the scope of its ranking."""

import pandas as pd

REAL, GAUSSIAN = "real", "gaussian"
FRESH, TRAINED = "fresh", "trained"
HIGHEST, LOWEST = "highest", "lowest"
NONE, DIFF, MAGNITUDE, RANDOM = "none", "diff", "magnitude", "random"
BEST, WORST = "best", "worst"
GLOBAL, FLOOR, LOCAL = "global", "floor", "local"
WIDE, FIXED, NETWORK = "wide", "fixed", "network"
HE, SCALED, PARENT = "he", "scaled", "parent"

SCORES = (DIFF, MAGNITUDE)
SCOPES = {GLOBAL: "global", FLOOR: "global with a floor", LOCAL: "local"}
# Scores beside the thesis', with their words.
OTHER_SCORES = {"coherence": "coherence of a weight", "gradient": "mean gradient", "snip": "SNIP", "grasp": "GraSP"}
# In the order of tables and figures, with their words: those of the thesis, and others.
MASKS = {
    (NONE, ""): "dense",
    (DIFF, BEST): "diff, best",
    (DIFF, WORST): "diff, worst",
    (MAGNITUDE, BEST): "magnitude, best",
    (MAGNITUDE, WORST): "magnitude, worst",
    (RANDOM, ""): "random",
}
OF_THESIS = tuple(MASKS)
MASKS |= {(score, end): f"{words}, {end}" for score, words in OTHER_SCORES.items() for end in (BEST, WORST)}


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose empty ends and scopes, which CSV files read as NaN, are empty words again; without scope, global."""
    scope = table["scope"].fillna("") if "scope" in table else GLOBAL
    return table.assign(end=table["end"].fillna(""), scope=scope)


def masks_in(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Those of `MASKS` that a labelled table has rows of, and those of the thesis in any case."""
    there = {*zip(table["score"], table["end"], strict=True)}
    return {mask: words for mask, words in MASKS.items() if mask in OF_THESIS or mask in there}


def of_first_initialisation(children: pd.DataFrame) -> pd.DataFrame:
    """The dense networks, and of the masked ones those that begin as He has it, or as the first row does.

    Other initialisations are a question of their own.
    """
    masked = children.loc[children["score"] != NONE]
    if "initialisation" not in children or masked.empty:
        return children
    known = list(dict.fromkeys(masked["initialisation"]))
    chosen = HE if HE in known else known[0]
    return children[(children["score"] == NONE) | (children["initialisation"] == chosen)]


def scopes_of(table: pd.DataFrame) -> list[str]:
    """The scopes that a labelled table has, in order."""
    return [scope for scope in SCOPES if (table["scope"] == scope).any()]


def in_scope(table: pd.DataFrame, scope: str) -> pd.DataFrame:
    """The rows of a scope, and those that belong to none, which are to be compared with every one."""
    return table[table["scope"].isin([scope, ""])]


def of_mask(table: pd.DataFrame, score: str, end: str) -> pd.DataFrame:
    """The rows of one mask."""
    return table[(table["score"] == score) & (table["end"] == end)]


def against_used(early_masks: pd.DataFrame) -> pd.DataFrame:
    """The rows of masks of early epochs, beside the mask that is used, of the same seed and score.

    Args:
        early_masks: seed, score, epoch, used, validation_top1: a model's rows of early_masks.csv.

    Returns:
        The rows that are not used ones, with used_epoch and used_top1 of the mask that is used, and `more`, by how many
        points the early one is better; NaN where no network has the used one.
    """
    used = early_masks["used"].eq(True) if "used" in early_masks else pd.Series(False, early_masks.index)
    keys = ["seed", "score"]
    names = {"epoch": "used_epoch", "validation_top1": "used_top1"}
    beside = early_masks[used].set_index(keys)[list(names)].rename(columns=names)
    table = early_masks[~used].join(beside, on=keys)
    return table.assign(more=table["validation_top1"] - table["used_top1"])


def with_gap(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with `gap`, the generalisation gap: training minus validation accuracy, in points (thesis, Fig. 4.2)."""
    return table.assign(gap=table["train_top1"] - table["validation_top1"])
