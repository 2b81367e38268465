"""Masks of one network, and what comes of them: children, layer densities, and the thesis' open questions (6, 7.2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from prunescape.coherence.children import HE, NONE, Child
from prunescape.coherence.layer_tables import densities, overlap, overlap_by_chance
from prunescape.coherence.masks import BEST, FLOOR, RANDOM, Choice, begun, choices, matched
from prunescape.coherence.parent import Parent
from prunescape.coherence.schedule import OVER_EPOCHS
from prunescape.pruning.unstructured import Tensors

NETWORK, EARLY, MATCHED, STABILITY = "network", "early", "matched", "stability"
LABELS = ("score", "end", "scope")
FIRST = ("experiment", "model", "seed", *LABELS)  # columns, of those that have them


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
        initialisations: of children in `NETWORK`, see `prunescape.coherence.masks.begun`; elsewhere the first one.
    """

    experiments: Collection[str]
    scores: Sequence[str]
    ends: Sequence[str]
    scopes: Sequence[str]
    early_epochs: Sequence[int]
    initialisations: Sequence[str] = (HE,)

    @property
    def scope(self) -> str:
        """The scope of masks in questions that need but one."""
        return scope_of_questions(self.scopes)

    def masks(self, parent: Parent) -> dict[Choice, Tensors]:
        """Masks of the network, by score, end and scope."""
        wanted = choices(self.scores, self.ends, self.scopes)
        return {choice: parent.mask(choice) for choice in wanted}

    def children(self, parent: Parent, masks: dict[Choice, Tensors]) -> list[Child]:
        """The networks to be trained, with the label `experiment`, and what else tells them apart.

        The label `epoch` is that of the mask, `parent_epochs` the length of the parent's training.
        """
        first, *_ = self.initialisations
        children: list[Child] = []

        def add(experiment: str, choice: Choice, mask: Tensors | None, epoch: int | None = None, **more: Any) -> None:
            of = parent.epoch_of(choice.score) if epoch is None and choice.score not in (NONE, RANDOM) else epoch
            labels = {"initialisation": first, "epoch": of, "parent_epochs": parent.last, **more}
            children.append(Child({"experiment": experiment, **choice._asdict(), **labels}, mask))

        if NETWORK in self.experiments:
            add(NETWORK, Choice(NONE, "", ""), None, initialisation=HE)
            for initialisation, choice in begun(list(masks), self.initialisations):
                add(NETWORK, choice, masks[choice], initialisation=initialisation)
        ones = {choice: mask for choice, mask in masks.items() if choice.scope == self.scope and choice.score != RANDOM}
        if MATCHED in self.experiments:
            for choice, mask in ones.items():
                if NETWORK not in self.experiments:
                    add(MATCHED, choice, mask, matched=False)
                add(MATCHED, choice, matched(mask, parent.seed), matched=True)
        if EARLY in self.experiments:
            for epoch in self.early_epochs:
                for score in self._over_epochs():
                    mask = parent.early(score, self.scope, BEST, epoch)
                    add(EARLY, Choice(score, BEST, self.scope), mask, epoch)
        return children

    def of_parent(self, parent: Parent, masks: dict[Choice, Tensors]) -> dict[str, pd.DataFrame]:
        """By name, what is told of masks before anything is trained with them: densities and mask_overlap."""
        return {"densities": self._densities(parent, masks), "mask_overlap": self._overlaps(parent)}

    def of_children(self, trained: pd.DataFrame, epochs: int) -> dict[str, pd.DataFrame]:
        """By name: children, matched and early_masks; without rows where they are not wanted.

        Args:
            trained: the rows of some of the `children`, as `prunescape.coherence.children.retrain` gives them.
            epochs: length of the children's training.

        `early_masks` also has the networks with the masks that are `used`, where `NETWORK` or `MATCHED` trains them.
        """
        measures = ["train_loss", "train_top1", "validation_loss", "validation_top1"]
        labels = ["experiment", *LABELS, "initialisation", "epoch", "parent_epochs", "matched", "parameters", "density"]
        trained = trained.reindex(columns=[*labels, *measures])
        by = {name: trained[trained["experiment"] == name] for name in (NETWORK, MATCHED, EARLY)}
        first = trained["initialisation"] == self.initialisations[0]
        scored = trained["scope"].eq(self.scope) & ~trained["score"].isin([NONE, RANDOM])
        same = trained[trained["experiment"].eq(NETWORK) & scored & first]
        alike = pd.concat([same.assign(matched=False), by[MATCHED]]) if MATCHED in self.experiments else by[MATCHED]
        columns = [*LABELS, "matched", "density", *measures]
        return {
            "children": by[NETWORK].reindex(
                columns=["experiment", *LABELS, "initialisation", "parameters", "density", *measures]
            ),
            "matched": alike.reindex(columns=columns).sort_values(["score", "end", "matched"], kind="stable"),
            "early_masks": self._early(trained[first | (trained["experiment"] == EARLY)])
            .assign(child_epochs=epochs)
            .reindex(columns=["score", "scope", "epoch", "parent_epochs", "child_epochs", "used", *measures])
            .astype({"epoch": "Int64", "parent_epochs": "Int64"}),
        }

    def _early(self, trained: pd.DataFrame) -> pd.DataFrame:
        """The networks with masks of early epochs, and those with the masks that are used."""
        own = trained["experiment"].eq(NETWORK) | (trained["experiment"].eq(MATCHED) & trained["matched"].eq(False))
        alike = (trained["scope"] == self.scope) & (trained["end"] == BEST) & trained["score"].isin(self._over_epochs())
        asked = EARLY in self.experiments and bool(self.early_epochs)
        return trained.assign(used=own)[(trained["experiment"] == EARLY) | (own & alike & asked)]

    def _over_epochs(self) -> list[str]:
        return [score for score in self.scores if score in OVER_EPOCHS]

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
        for score in self._over_epochs():
            chosen = parent.mask(Choice(score, BEST, self.scope))
            for epoch in parent.states:
                mask = parent.early(score, self.scope, BEST, epoch)
                both = {"overlap": overlap(mask, chosen), "expected": overlap_by_chance(mask, chosen)}
                rows.append({"score": score, "scope": self.scope, "epoch": epoch, **both})
        return pd.DataFrame(rows)
