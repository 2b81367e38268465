"""The thesis' own claims and questions, one by one: what it says, which claims ask it, and what they say here."""

from collections.abc import Sequence
from typing import NamedTuple

from prunescape.claims.claim import Claim
from prunescape.claims.judgement import CANNOT, FAILS, HOLDS, UNDECIDED

TRANSFORMERS = ("vit", "small_vit", "vit_small")  # those of the catalogue


class Said(NamedTuple):
    """A claim or a question of the thesis.

    Attributes:
        section: where it stands.
        words: what it says or asks.
        keys: of the claims that ask it; none where it never can be asked here.
        needs: what it cannot be asked without.
        of_transformers: whether it is about these networks, or about all others; None: about all.
    """

    section: str
    words: str
    keys: tuple[str, ...]
    needs: str
    of_transformers: bool | None

    def asked_by(self, claims: Sequence[Claim]) -> dict[str, list[Claim]]:
        """The claims that ask it, by key, in its order."""
        own = [claim for claim in claims if self.of_transformers in (None, claim.model in TRANSFORMERS)]
        found = {key: [claim for claim in own if claim.key == key] for key in self.keys}
        return {key: there for key, there in found.items() if there}


def _said(section: str, words: str, keys: str = "", needs: str = "", of_transformers: bool | None = None) -> Said:
    return Said(section, words, tuple(keys.split()), needs, of_transformers)


THESIS = (
    _said(
        "2.1, 7.1",
        "Coherence differs between real and random data, whatever training starts from.",
        "real_above_noise real_above_noise_from_trained coherence_later_higher_on_noise",
    ),
    _said(
        "2.2",
        "Magnitudes are alike after training on real data and on noise: how far weights have to go does not make"
        " coherence.",
        "magnitudes_alike noise_as_far_from_start",
    ),
    _said(
        "3.1",
        "Diffs are an elementwise approximation of coherence.",
        "diffs_follow_coherence diffs_follow_gradient diffs_follow_snip diffs_follow_grasp",
    ),
    _said(
        "3.2, 7.1",
        "Diffs spread wider where coherence is high.",
        "diffs_large_with_coherence diffs_follow_coherence_over_epochs",
    ),
    _said("3.2, 7.1", "Diffs are not larger on real than on random data.", "diffs_as_large_on_noise"),
    _said(
        "3.3",
        "Diffs are no proxy of how far weights move, or of their magnitude.",
        "diffs_apart_from_movement diffs_apart_from_magnitude",
    ),
    _said("4, 7.1", "Coherence grows with width.", "coherence_with_width accuracy_with_width"),
    _said("4, 7.1", "More coherence is not larger diffs: these shrink with width.", "diffs_with_width"),
    _said(
        "5.2, 7.1",
        "Pruned networks generalise better than dense ones of as many weights.",
        "masked_over_dense_of_as_many_weights gain_with_width masked_gap_smaller",
    ),
    _said(
        "5.3, 7.1",
        "Larger parents make better sparse networks of one size.",
        "larger_parents masked_over_dense_of_its_size scaled_over_he ticket_over_he collapse_by_he",
    ),
    _said(
        "6, 7.1",
        "Magnitude masks are better than diff masks, but in a vision transformer.",
        "magnitude_over_diff masked_over_dense coherence_over_diff gradient_over_diff snip_over_diff grasp_over_diff",
        of_transformers=False,
    ),
    _said(
        "6",
        "In a vision transformer diff masks are the best, and as good as the dense network.",
        "magnitude_over_diff diff_over_random masked_over_dense",
        needs="a vision transformer of the catalogue in coherence.models",
        of_transformers=True,
    ),
    _said(
        "6.2",
        "Layers at the floor are why the diff mask fails in ResNet-50.",
        "diff_masks_starve_layers diff_masks_catch_up_by_layer",
    ),
    _said(
        "7.2",
        "Why do networks trained on Gaussian noise have such large diffs?",
        "classes_agree_on_noise diffs_on_noise_by_classes coherence_with_label_noise diffs_with_label_noise",
    ),
    _said("7.2", "Why are diffs small when coherence is high?", "diffs_with_width diffs_large_with_coherence"),
    _said(
        "7.2",
        "Why is coherence high when the generalisation gap is?",
        "gap_with_width coherence_with_width hardest_images_at_the_end",
    ),
    _said("7.2", "Why is random pruning so effective?", "diff_over_random magnitude_over_random matched_random"),
    _said(
        "7.2",
        "Is magnitude pruning much better than its inversion?",
        "largest_over_smallest_magnitudes largest_over_smallest_diffs",
    ),
    _said(
        "7.2",
        "Early or late magnitude pruning: how soon can you stop?",
        "magnitude_mask_settles early_mask diff_masks_alike coherence_peaks_early",
    ),
    _said("7.2", "Why do networks respond differently to ways of pruning?", "magnitude_over_diff masked_over_dense"),
    _said("7.2", "Would diff masks work for large language models?", needs="language models"),
    _said("7.2", "How does pruning scale to hundreds of billions of parameters?", needs="networks of that size"),
)


def ordered(claims: Sequence[Claim]) -> list[Claim]:
    """Claims of one network after another, each network's in the order of the thesis."""
    order = {key: place for place, key in enumerate(dict.fromkeys(key for said in THESIS for key in said.keys))}
    models = {model: place for place, model in enumerate(dict.fromkeys(claim.model for claim in claims))}
    return sorted(claims, key=lambda claim: (models[claim.model], order[claim.key]))


def answered_by_thesis(claims: Sequence[Claim]) -> list[dict[str, str]]:
    """A row for each claim or question of the thesis: section, said, seen and decided, in words."""
    rows = []
    for said in THESIS:
        asked = said.asked_by(claims)
        without = f"cannot be asked without {said.needs}" if said.needs else "not asked with this config"
        rows.append(
            {
                "section": said.section,
                "said": said.words,
                "seen": "; ".join(map(_seen, asked.values())) or without,
                "decided": "; ".join(f"{key}: {_decided(own)}" for key, own in asked.items()) or "–",
            }
        )
    return rows


def _seen(claims: Sequence[Claim]) -> str:
    """The case of the clearest answer in words, and how many there are."""
    best = max(claims, key=lambda claim: claim.clarity)
    where = ", ".join(filter(None, [best.model, best.case]))
    return f"{where}: {best.evidence or best.outcome}" + (f" (of {len(claims)})" if len(claims) > 1 else "")


def _decided(claims: Sequence[Claim]) -> str:
    """How many of the claims hold, do not hold, and so on."""
    outcomes = [claim.outcome for claim in claims]
    there = {outcome: outcomes.count(outcome) for outcome in (HOLDS, FAILS, UNDECIDED, CANNOT) if outcome in outcomes}
    if len(claims) == 1:
        return next(iter(there), "not tested")
    return ", ".join(f"{outcome} in {count} of {len(claims)}" for outcome, count in there.items())
