"""Rounds of confirmation by the project's own functions, of trainings whose accuracies are drawn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from prunescape.config.analysis import Terms
from prunescape.hpspace.confirmation import plan_round
from prunescape.hpspace.decision import decisions
from prunescape.hpspace.landscape import hyperparameters_of
from prunescape.hpspace.lattice import THESIS, Pair
from prunescape.hpspace.questions import FRESH_SEEDS, STAGE_OF_FINALISTS, Rules, is_asked, seed_of, settings_of
from prunescape.hpspace.verdict import verdict

RULES = Rules(
    margin=0.5, level=0.05, power=0.8, least_skill=0.2, confirm=20, policy=False, count_collapsed=False, networks=4,
    risk_roi=0.5,
)  # fmt: skip
TERMS = Terms(**{name: value for name, value in vars(RULES).items() if name not in ("networks", "risk_roi")}, rounds=0)
Accuracy = Callable[[str, int, int, int], float]  # of a training: variant, i, j, seed


class Confirmed:
    """The rounds of a model, and all trainings that they looked at."""

    def __init__(
        self,
        cells: pd.DataFrame,
        accuracy: Accuracy,
        folder: Path,
        rules: Rules = RULES,
        pair: Pair = THESIS,
        chance: float = 10.0,
        images: Callable[[float], np.ndarray] = lambda top1: np.ones(50),
    ) -> None:
        self.images = images  # which ones a training of this accuracy classifies rightly
        self.cells, self.accuracy, self.folder, self.rules = cells, accuracy, folder, rules
        self.model = str(cells["model"].iloc[0])
        names = hyperparameters_of(cells)
        self.values = cells.drop_duplicates(["i", "j"]).set_index(["i", "j"])[names].to_dict("index")
        self.trainings = pd.DataFrame()
        self.rounds = [plan_round(0, cells, {}, None, None, chance, rules, folder, pair)]
        for number in range(1, 2 + len(rules.looks) if rules.looks else 1):
            found = [*self._trained(number)]
            rows = pd.DataFrame([row for row, _ in found]) if found else None
            images = pd.DataFrame([image for _, images in found for image in images]) if found else None
            before = self.rounds[-1]
            self.rounds.append(plan_round(number, cells, before, rows, images, chance, rules, folder, pair))
            if rows is not None:
                self.trainings = pd.concat([self.trainings, rows]).drop_duplicates()

    def _trained(self, number: int):
        for variant, entry in self.rounds[-1].items():
            if number == 1:
                named = {f"finalist-{place}": tuple(cell) for place, cell in enumerate(entry["finalists"], 1)}
                yield from self._rows(variant, STAGE_OF_FINALISTS, FRESH_SEEDS, lambda seed, named=named: named)
            elif is_asked(entry):
                seeds = self.rules.looks[number - 2]
                yield from self._rows(
                    variant, entry["stage"], seeds, lambda seed, entry=entry: settings_of(entry, seed)
                )

    def _rows(self, variant: str, stage: str, seeds: int, settings: Callable[[int], Mapping[str, Any]]):
        (self.folder / variant / stage).mkdir(parents=True, exist_ok=True)
        for number in range(seeds):
            seed = seed_of(self.model, variant, stage, number)
            for setting, (i, j) in settings(seed).items():
                top1 = self.accuracy(variant, i, j, seed)
                row = {"model": self.model, "variant": variant, "stage": stage, "setting": setting, "seed": seed}
                key = {"variant": variant, "setting": setting}
                images = [{**key, "image": image, "right": int(of)} for image, of in enumerate(self.images(top1))]
                yield {**row, "i": i, "j": j, **self.values[i, j], "top1": top1, "diverged": False}, images

    def decisions(self) -> pd.DataFrame:
        """`decisions.csv` of the last round."""
        return decisions(self.cells, {self.model: self.rounds[-1]}, self.rules.margin)


def drawn(noise: float, seed: int = 0, **means: float) -> Accuracy:
    """Accuracies around a mean for each variant, 94 where none is given, falling with the distance from the prior."""

    def accuracy(variant: str, i: int, j: int, number: int) -> float:
        random = np.random.default_rng([seed, number, i + 99, j + 99, len(variant)])
        return means.get(variant, 94.0) - 0.05 * (i * i + j * j) + noise * float(random.standard_normal())

    return accuracy


def verdict_of(cells: pd.DataFrame, pair: Pair = THESIS, rules: Rules = RULES, noise: float = 0.3) -> dict[str, Any]:
    """The verdict on a table of cells of one model, confirmed by trainings that are drawn."""
    with TemporaryDirectory() as folder:
        found = Confirmed(cells, drawn(noise), Path(folder), rules, pair)
        return verdict(found.decisions(), cells, TERMS.changed(confirm=rules.confirm), pair)
