"""The claims on noise: why diffs are large there (thesis, 7.2), with label noise from none to all.

Where images of one class agree and each class pulls a weight its own way, few voters, the classes, decide its diff: it
is then large although the mean gradient, of which coherence is made, vanishes.
"""

import numpy as np
import pandas as pd

from prunescape.claims.asking import Asking, Estimand
from prunescape.claims.claim import Claim
from prunescape.claims.judgement import ABOVE, BELOW, EQUAL, IF_BELOW, IF_EQUAL, decided, judged, shown, verdict
from prunescape.coherence.asked import Answer, answer_of
from prunescape.coherence.diff_spread import at_extremes
from prunescape.coherence.labels import FRESH, GAUSSIAN, HIGHEST

WHY = "Yauney 2024, section 7.2, an open question"
NEAR = 0.01  # mean |diff| up to which two are alike
WITH_NOISE = {
    "coherence": Estimand(
        "coherence_with_label_noise",
        "Does the highest coherence fall with the part of the labels that are random?",
        "beyond Yauney 2024, section 2.1, whose random data are random in images",
        "The highest coherence falls with the part of real images that have random labels.",
        "change of the highest coherence from no to all random labels, on a line",
        smallest=0.01,
    ),
    "diffs": Estimand(
        "diffs_with_label_noise",
        "Do diffs fall with the part of the labels that are random?",
        "beyond Yauney 2024, section 3.2, whose random data are random in images",
        "Diffs at the highest coherence fall with the part of real images that have random labels.",
        "change of the mean |diff| beyond that of random signs from no to all random labels, on a line",
        smallest=0.01,
    ),
}
WORDS = {"coherence": "the highest coherence", "diffs": "the mean |diff| beyond that of random signs"}
AGREE = Estimand(
    "classes_agree_on_noise",
    "Do images of one class agree on noise, where all together do not?",
    WHY,
    "At the highest coherence on noise, gradients of one class are more coherent than those of all classes, beyond"
    " what orthogonal gradients of as many images have.",
    "coherence of a class beyond 1/N of its images, a mean over classes, minus that of all images",
    smallest=0.05,
    lowest=-1.0,
    highest=1.0,
)
BY_CLASSES = Estimand(
    "diffs_on_noise_by_classes",
    "Are diffs on noise no larger than those of classes that each pull either way by chance?",
    WHY,
    "At the highest coherence on noise, diffs are no larger than they would be if each class pulled each weight as hard"
    " as it does, and either way by chance.",
    "mean |diff| minus that of classes with random signs",
    smallest=0.01,
    lowest=-1.0,
    highest=1.0,
    margin=f"{NEAR:g}",
)


def answers() -> dict[str, list[Answer]]:
    """By table, the functions that make claims of a model's rows of it."""
    return {"epochs": [_with_noise], "class_coherence": [_agree, _by_classes]}


def by_noise(epochs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The highest coherence after an epoch, and there the mean |diff| beyond that of random signs.

    Args:
        epochs: seed, start, epoch, label_noise, coherence, diff_size, diff_size_by_chance: a model's rows of
            epochs.csv.

    Returns:
        By "coherence" and "diffs": a row a seed, a column a part of the labels that are random, in percent; without
        columns where there is no such table.
    """
    if "label_noise" not in epochs:
        return {name: pd.DataFrame() for name in WITH_NOISE}
    own = epochs[(epochs["start"] == FRESH) & epochs["label_noise"].notna() & (epochs["epoch"] > 0)]
    highest = own.pivot_table(index="seed", columns="label_noise", values="coherence", aggfunc="max")
    diffs = at_extremes(own, ["seed", "label_noise"])[HIGHEST]["beyond"].unstack()
    return {"coherence": highest, "diffs": diffs}


def _with_noise(epochs: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for name, values in by_noise(epochs).items():
        if values.shape[1] < 2:
            continue
        known = values.dropna()
        parts = known.columns.to_numpy(dtype=float) / 100
        slopes = {seed: np.polyfit(parts, row.to_numpy(dtype=float), 1)[0] for seed, row in known.iterrows()}
        if not slopes:
            continue
        row = answer_of(asking, WITH_NOISE[name], "slope", pd.Series(slopes))
        words = {ABOVE: "No, it grows", BELOW: "Yes", EQUAL: "No, it stays"}
        each = ", ".join(f"{mean:.4f} at {part:g} %" for part, mean in known.mean().items())
        stated.append(
            asking.answered(
                WITH_NOISE[name],
                f"{words.get(decided('slope', row), 'Not decided')}: from no to all random labels {WORDS[name]}"
                f" changes by {shown('slope', row, 4, '')}; it is {each}.",
                judged("slope", row, 4, "", outcomes=IF_BELOW),
                {"by_part": {f"{part:g}": float(mean) for part, mean in known.mean().items()}, **row},
            )
        )
    return stated


def on_noise(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """By what is noise, in words, the rows of class_coherence.csv at the highest coherence."""
    own = table[(table["which"] == HIGHEST) & (table["start"] == FRESH)]
    cases = {GAUSSIAN: "Gaussian noise", "labels100": "real images with random labels"}
    parts = {words: own[own["data"] == data] for data, words in cases.items()}
    return {words: part for words, part in parts.items() if len(part)}


def of_all_classes(table: pd.DataFrame) -> pd.Series:
    """Whether a row of class_coherence.csv is of all images together: a class may be called so, too."""
    return table["diff_size_by_classes"].notna()


def _agree(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for words, own in on_noise(table).items():
        own = own.assign(beyond=own["coherence"] - own["coherence_by_chance"])
        whole = of_all_classes(own)
        classes, whole_beyond = own[~whole].groupby("seed")["beyond"].mean(), own[whole].set_index("seed")["beyond"]
        more = (classes - whole_beyond).dropna()
        if more.empty:
            continue
        row = answer_of(asking, AGREE, "more", more)
        stated.append(
            asking.answered(
                AGREE,
                f"{verdict('more', row)}: beyond orthogonal gradients coherence is {classes.mean():.4f} in single"
                f" classes and {whole_beyond.mean():.4f} in all images, a difference of {shown('more', row, 4, '')}.",
                judged("more", row, 4, ""),
                {"classes": float(classes.mean()), "all": float(whole_beyond.mean()), **row},
                question=f"{AGREE.text[:-1]} ({words})?",
                case=words,
            )
        )
    return stated


def _by_classes(table: pd.DataFrame, asking: Asking) -> list[Claim]:
    stated = []
    for words, own in on_noise(table).items():
        whole = own[of_all_classes(own)].set_index("seed")
        more = (whole["diff_size"] - whole["diff_size_by_classes"]).dropna()
        if more.empty:
            continue
        row = answer_of(asking, BY_CLASSES, "more", more)
        word = {ABOVE: "No", BELOW: "Yes", EQUAL: "Yes"}.get(decided("more", row, NEAR), "Not decided")
        stated.append(
            asking.answered(
                BY_CLASSES,
                f"{word}: the mean |diff| is {whole['diff_size'].mean():.4f}; with random signs of whole classes it"
                f" would be {whole['diff_size_by_classes'].mean():.4f}, of single images"
                f" {whole['diff_size_by_chance'].mean():.4f}. Beyond signs of whole classes it has"
                f" {shown('more', row, 4, '')}.",
                judged("more", row, 4, "", tolerance=NEAR, outcomes=IF_EQUAL),
                row,
                question=f"{BY_CLASSES.text[:-1]} ({words})?",
                case=words,
            )
        )
    return stated
