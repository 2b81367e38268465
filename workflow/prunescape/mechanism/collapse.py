"""Trainings that diverged or collapsed: claims that rest on them stay open, and name them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ANSWERS, OPEN, UNDECIDED
from prunescape.mechanism.labels import OF_CYCLES, PRUNED, RETRAINED
from prunescape.statistics.sequential import collapsed

RUINED = 0.5  # of what a network had learnt; one that has lost more has collapsed
Lost = dict[tuple[str, ...], list[int]]


def has_collapsed(lines: pd.DataFrame, chance: float) -> pd.Series:
    """Whether the second network of each line has lost most of what the first had learnt, boolean.

    Args:
        lines: start and end, training errors in percent.
        chance: the accuracy of guessing, in percent.
    """
    learnt = (100 - chance - lines["start"]).clip(lower=0)
    return lines["end"] - lines["start"] > RUINED * learnt


def lost_trainings(tables: Mapping[str, pd.DataFrame], chance: float) -> Lost:
    """The seeds of which a training diverged, or collapsed while others did not.

    Args:
        tables: by name, those of one model that there are.
        chance: the accuracy of guessing, in percent.

    Returns:
        Seeds by what a claim's case has to say to rest on them: nothing for the pretrained networks, on which all
        claims rest; "25 % pruned"; or the words for a pruning and a retraining.
    """
    found: dict[tuple[str, ...], set[int]] = {}

    def note(words: tuple[str, ...], seeds: Iterable[int]) -> None:
        found.setdefault(words, set()).update(int(seed) for seed in seeds)

    if (epochs := tables.get("utility_epochs_summary")) is not None and len(epochs):
        whole = epochs[epochs["epoch"] == epochs["epoch"].max()].groupby("seed")["whole_top1"].first()
        note((), _lost(whole, np.zeros(len(whole), dtype=bool), chance))
    if (retrained := tables.get("retrained")) is not None:
        for (ratio, _), part in retrained.groupby(["pruning_ratio", "network"]):
            of = part.set_index("seed")
            note((f"{100 * float(str(ratio)):g} % pruned",), _lost(of["top1"], of["diverged"].to_numpy(bool), chance))
    if (cycles := tables.get("cycles")) is not None and len(cycles):
        last = cycles[cycles["cycle"] == cycles["cycle"].max()]
        for (pruning, retraining), part in last.groupby(["pruning", "retraining"]):
            of, words = part.set_index("seed"), (PRUNED[pruning], RETRAINED[retraining])
            note(words, _lost(of["top1"], of["diverged"].to_numpy(bool), chance))
            note(words, _lost(of["small_top1"], of["small_diverged"].to_numpy(bool), chance))
    if (lines := tables.get("barriers")) is not None:
        mine = lines[(lines["what"] == OF_CYCLES) & (lines["measure"] == "error")]
        mine = mine[mine["cycle"] == mine["cycle"].max()]
        for (pruning, retraining, _), part in mine.groupby(["pruning", "retraining", "recomputed"]):
            gone = has_collapsed(part, chance)
            if not gone.all():  # that all have is an answer
                note((PRUNED[pruning], RETRAINED[retraining]), part.loc[gone, "seed"])
    return {words: sorted(seeds) for words, seeds in found.items() if seeds}


def _lost(top1: pd.Series, diverged: np.ndarray, chance: float) -> list[int]:
    """The seeds of trainings that diverged or fell far below the others; see `collapsed`."""
    known = top1.notna().to_numpy() | diverged
    values = top1.fillna(chance).to_numpy(dtype=float)[known]
    return [] if not known.any() else top1.index[known][collapsed(values, diverged[known], chance)].tolist()


def blocked(claim: Claim, lost: Lost) -> Claim:
    """The claim, left open where one of the trainings that it rests on is lost; these are named.

    Args:
        claim: of one model.
        lost: of the same model, see `lost_trainings`.
    """
    parts = claim.case.split(", ")
    seeds = sorted({seed for words, seeds in lost.items() if _concerns(words, parts) for seed in seeds})
    if not seeds or not claim.is_tested:
        return claim
    named = f"{'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}"
    return replace(
        claim,
        outcome=UNDECIDED,
        decided=OPEN,
        answer=f"{ANSWERS[UNDECIDED].capitalize()}: {claim.answer.partition(': ')[2]} A training of {named} diverged"
        " or collapsed, which has to be looked at first.",
        would_decide=f"a look at what diverged or collapsed: {named}",
    )


def _concerns(words: tuple[str, ...], parts: list[str]) -> bool:
    """Whether a claim's case, in parts, rests on trainings that these words tell; one of a pruning, on both of its."""
    if len(words) == 2 and parts == [words[0]]:
        return True
    return all(any(part.startswith(word) for part in parts) for word in words)
