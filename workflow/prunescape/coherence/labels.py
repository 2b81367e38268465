"""How the study's tables name masks: a score, the end of its order that is kept, and the scope of its ranking."""

import pandas as pd

REAL, GAUSSIAN = "real", "gaussian"
FRESH, TRAINED = "fresh", "trained"
HIGHEST, LOWEST = "highest", "lowest"
NONE, DIFF, MAGNITUDE, RANDOM = "none", "diff", "magnitude", "random"
BEST, WORST = "best", "worst"
GLOBAL, FLOOR, LOCAL = "global", "floor", "local"
WIDE, FIXED, NETWORK = "wide", "fixed", "network"

SCORES = (DIFF, MAGNITUDE)
SCOPES = {GLOBAL: "global", FLOOR: "global with a floor", LOCAL: "local"}
# In the order of tables and figures, with their words.
MASKS = {
    (NONE, ""): "dense",
    (DIFF, BEST): "diff, best",
    (DIFF, WORST): "diff, worst",
    (MAGNITUDE, BEST): "magnitude, best",
    (MAGNITUDE, WORST): "magnitude, worst",
    (RANDOM, ""): "random",
}


def labelled(table: pd.DataFrame) -> pd.DataFrame:
    """A copy whose empty ends and scopes, which CSV files read as NaN, are empty words again; without scope, global."""
    scope = table["scope"].fillna("") if "scope" in table else GLOBAL
    return table.assign(end=table["end"].fillna(""), scope=scope)


def scopes_of(table: pd.DataFrame) -> list[str]:
    """The scopes that a labelled table has, in order."""
    return [scope for scope in SCOPES if (table["scope"] == scope).any()]


def in_scope(table: pd.DataFrame, scope: str) -> pd.DataFrame:
    """The rows of a scope, and those that belong to none, which are to be compared with every one."""
    return table[table["scope"].isin([scope, ""])]


def of_mask(table: pd.DataFrame, score: str, end: str) -> pd.DataFrame:
    """The rows of one mask."""
    return table[(table["score"] == score) & (table["end"] == end)]


def with_gap(table: pd.DataFrame) -> pd.DataFrame:
    """A copy with `gap`, the generalisation gap: training minus validation accuracy, in points (thesis, Fig. 4.2)."""
    return table.assign(gap=table["train_top1"] - table["validation_top1"])
