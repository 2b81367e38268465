"""Masks of one network, and what comes of them: children, layer densities, and the thesis' open questions (6, 7.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunescape.coherence.children import NONE, Child
from prunescape.coherence.layer_tables import densities, overlap, overlap_by_chance
from prunescape.coherence.masks import BEST, DIFF, FLOOR, MAGNITUDE, RANDOM, Choice, choices, matched
from prunescape.coherence.parent import Parent
from prunescape.pruning.unstructured import Tensors

NETWORK, EARLY, MATCHED, STABILITY = "network", "early", "matched", "stability"
LABELS = ("score", "end", "scope")
FIRST = ("experiment", "model", "seed", *LABELS)  # columns, of those that have them
MEASURED_ON = (DIFF, MAGNITUDE)  # scores that a network has to be trained for


def scope_of_questions(scopes: Sequence[str]) -> str:
    """The scope of masks in questions that need but one: that with a floor, as the thesis has it, else the first."""
    return FLOOR if FLOOR in scopes else scopes[0]


@dataclass(frozen=True)
class MaskExperiments:
    """The experiments on one network, and the masks of its children.

    Attributes:
        experiments: `NETWORK`, `EARLY`, `MATCHED`, `STABILITY`: those that are wanted.
        scores, ends, scopes: of masks.
        early_epochs: after which masks are taken.
    """

    experiments: Collection[str]
    scores: Sequence[str]
    ends: Sequence[str]
    scopes: Sequence[str]
    early_epochs: Sequence[int]

    @property
    def scope(self) -> str:
        """The scope of masks in questions that need but one."""
        return scope_of_questions(self.scopes)

    def masks(self, parent: Parent) -> dict[Choice, Tensors]:
        """Masks of the network, by score, end and scope."""
        wanted = choices(self.scores, self.ends, self.scopes)
        return {choice: parent.mask(choice) for choice in wanted}

    def children(self, parent: Parent, masks: dict[Choice, Tensors]) -> list[Child]:
        """The networks to be trained, with the label `experiment`, and what else tells them apart."""
        children: list[Child] = []
        if NETWORK in self.experiments:
            children.append(Child({"experiment": NETWORK, "score": NONE, "end": "", "scope": ""}))
            children += [Child({"experiment": NETWORK, **choice._asdict()}, mask) for choice, mask in masks.items()]
        ones = {choice: mask for choice, mask in masks.items() if choice.scope == self.scope and choice.score != RANDOM}
        if MATCHED in self.experiments:
            for choice, mask in ones.items():
                labels = {"experiment": MATCHED, **choice._asdict()}
                if NETWORK not in self.experiments:
                    children.append(Child({**labels, "matched": False}, mask))
                children.append(Child({**labels, "matched": True}, matched(mask, parent.seed)))
        if EARLY in self.experiments:
            for epoch in self.early_epochs:
                for score in self._trained_for():
                    labels = {"experiment": EARLY, "score": score, "end": BEST, "scope": self.scope, "epoch": epoch}
                    children.append(Child(labels, parent.early(score, self.scope, BEST, epoch)))
        return children

    def tables(
        self, parent: Parent, masks: dict[Choice, Tensors], trained: pd.DataFrame, epochs: int
    ) -> dict[str, pd.DataFrame]:
        """By name: children, densities, matched, early_masks, mask_overlap; without rows where they are not wanted.

        Args:
            parent, masks: the network, and what `masks` gave.
            trained: the rows of `children`, as `prunescape.coherence.children.retrain` gives them.
            epochs: length of the children's training.

        `early_masks` also has the networks with the masks that are `used`, where `NETWORK` or `MATCHED` trains them.
        """
        measures = ["train_loss", "train_top1", "validation_loss", "validation_top1"]
        labels = ["experiment", *LABELS, "epoch", "matched"]
        trained = trained.reindex(columns=[*labels, *trained.columns.difference(labels)])
        by = {name: trained[trained["experiment"] == name] for name in (NETWORK, MATCHED, EARLY)}
        same = by[NETWORK][(by[NETWORK]["scope"] == self.scope) & by[NETWORK]["score"].isin(self._trained_for())]
        alike = pd.concat([same.assign(matched=False), by[MATCHED]]) if MATCHED in self.experiments else by[MATCHED]
        columns = [*LABELS, "matched", "density", *measures]
        return {
            "children": by[NETWORK].reindex(columns=["experiment", *LABELS, "parameters", "density", *measures]),
            "densities": self._densities(parent, masks),
            "matched": alike.reindex(columns=columns).sort_values(["score", "end", "matched"], kind="stable"),
            "early_masks": self._early(parent, trained)
            .assign(parent_epochs=parent.last, child_epochs=epochs)
            .reindex(columns=["score", "scope", "epoch", "parent_epochs", "child_epochs", "used", *measures])
            .astype({"epoch": "Int64"}),
            "mask_overlap": self._overlaps(parent),
        }

    def _early(self, parent: Parent, trained: pd.DataFrame) -> pd.DataFrame:
        """The networks with masks of early epochs, and those with the masks that are used, which have no epoch yet."""
        early = trained["experiment"] == EARLY
        own = trained["experiment"].eq(NETWORK) | (trained["experiment"].eq(MATCHED) & trained["matched"].eq(False))
        alike = (trained["scope"] == self.scope) & (trained["end"] == BEST) & trained["score"].isin(self._trained_for())
        epochs = trained["score"].map({score: parent.epoch_of(score) for score in MEASURED_ON})
        table = trained.assign(used=own, epoch=trained["epoch"].fillna(epochs))
        return table[early | (own & alike & early.any())]

    def _trained_for(self) -> list[str]:
        return [score for score in self.scores if score in MEASURED_ON]

    def _densities(self, parent: Parent, masks: dict[Choice, Tensors]) -> pd.DataFrame:
        return pd.concat(
            [densities(parent.layers, mask).assign(**choice._asdict()) for choice, mask in masks.items()],
            ignore_index=True,
        )

    def _overlaps(self, parent: Parent) -> pd.DataFrame:
        """Overlap of each epoch's best mask with the one that is used."""
        if STABILITY not in self.experiments:
            return pd.DataFrame()
        rows: list[dict[str, Any]] = []
        for score in self._trained_for():
            chosen = parent.mask(Choice(score, BEST, self.scope))
            for epoch in parent.states:
                mask = parent.early(score, self.scope, BEST, epoch)
                both = {"overlap": overlap(mask, chosen), "expected": overlap_by_chance(mask, chosen)}
                rows.append({"score": score, "scope": self.scope, "epoch": epoch, **both})
        return pd.DataFrame(rows)
