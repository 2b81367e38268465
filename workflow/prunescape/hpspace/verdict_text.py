"""The verdict in plain sentences and a table."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import fill
from typing import Any

from prunescape.config.analysis import Terms
from prunescape.hpspace.cells import GRID
from prunescape.hpspace.confirmation import NEAR_CHANCE
from prunescape.hpspace.decision import EXPLORED, SAME
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.questions import COLLAPSED, DENSE, DENSE_NEAR_CHANCE, FEW_IMAGES, POLICY, PRIOR
from prunescape.hpspace.verdict import GROW, RECOMMENDATIONS, TRAIN, is_asked, terms_of
from prunescape.statistics.looks import KEEP, OPEN, TUNE

WIDTH = 120  # signs of a line
OVER = {PRIOR: "your setting", DENSE: "the dense optimum", POLICY: "the dense region"}


def verdict_text(answer: Mapping[str, Any]) -> str:
    """The verdicts on all models, as `verdict.txt` has them: what to use first, then why, then what is unsure.

    Args:
        answer: what `prunescape.hpspace.verdict.verdict` gives.
    """
    pair, terms = Pair.from_json(answer.get("axes")), terms_of(answer)
    texts = ["\n".join(_describe(model, entry, terms, pair)) for model, entry in answer["models"].items()]
    notes = [fill(line, WIDTH) for line in (measured_by(answer), "" if pair.is_thesis else left_out(pair)) if line]
    return "\n\n".join([*texts, "\n".join(notes)]) + "\n"


def left_out(pair: Pair) -> str:
    """A sentence that the parts for the thesis' hyperparameters alone were not made, and why."""
    return f"Smith's relation (eq. 2.2 of the thesis) and the thesis' tables are {pair.not_applicable()}."


def measured_by(answer: Mapping[str, Any]) -> str:
    """A sentence on what the gains are and how sure the answers are."""
    terms = terms_of(answer)
    if terms.confirm is None:
        return "Explored only, nothing is decided: set verdict.confirm to 20, and run again."
    return (
        "Gains are points of top-1 accuracy on fresh, paired seeds, with intervals. keep: a gain of"
        f" {terms.margin:g} or more is ruled out; tune: a smaller one is. An answer is wrong in at most"
        f" {100 * terms.level:g} % of such verdicts, in each direction, all networks together."
    )


def in_short(entry: Mapping[str, Any]) -> str:
    """The answer on a model in a line."""
    networks = entry["networks"]
    words = {
        TRAIN: "train longer before asking for",
        GROW: "grow the grid first for",
        TUNE: "train at new settings:",
        KEEP: "keep your setting for",
        OPEN: "open for",
        EXPLORED: "explored only, nothing is decided for",
    }
    kinds = {kind: [name for name, of in networks.items() if of["recommendation"] == kind] for kind in words}
    told = [f"{words[kind]} {_listed(names, len(networks))}" for kind, names in kinds.items() if names]
    return "; ".join(told)


def _listed(names: Sequence[str], of: int) -> str:
    return (f"all {of} pruned networks" if of > 1 else names[0]) if len(names) == of else ", ".join(names)


def _describe(model: str, entry: Mapping[str, Any], terms: Terms, pair: Pair) -> Iterator[str]:
    yield f"{model}: {in_short(entry)}"
    yield f"  your setting: {pair.told(entry['prior'])}; {_dense_optimum(entry, pair)}"
    questions = next(iter(entry["networks"].values()))["questions"]
    head = [
        "network",
        "answer",
        *(f"use: {axis.words}" if not place else axis.words for place, axis in enumerate(pair)),
    ]
    head += [f"gain over {OVER[name]}" for name in questions] + ["seeds"]
    yield from _table([head, *(_line(name, of, pair) for name, of in entry["networks"].items())])
    for line in (*reasons(entry, terms), *caveats(entry)):
        yield fill(line, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _dense_optimum(entry: Mapping[str, Any], pair: Pair) -> str:
    first = next(iter(entry["networks"].values()))["questions"].get(DENSE)
    if first is None or any(math.isnan(first[axis.name]) for axis in pair):
        return "the dense network's was not tuned again"
    if first["reason"] == DENSE_NEAR_CHANCE:
        return "the dense network has hardly learnt"
    # The row is a pruned network's, which may be trained with a part of the grid's values.
    return f"the dense optimum: {pair.told({name: first.get(f'{GRID}{name}', first[name]) for name in pair.names})}"


def _line(name: str, of: Mapping[str, Any], pair: Pair) -> list[str]:
    use = [axis.shown(of["use"][axis.name]) for axis in pair]
    seeds = max(int(question["seeds"]) for question in of["questions"].values())
    return [name, of["recommendation"].upper(), *use, *map(gain_of, of["questions"].values()), str(seeds or "-")]


def gain_of(of: Mapping[str, Any]) -> str:
    """The gain that a question is about, with its interval and, where it decides another answer, that."""
    if not is_asked(of) or math.isnan(of["gain"]):
        return "-"
    if of["reason"] == SAME:
        return "0, the same setting"
    return f"{of['gain']:+.2f} [{of['low']:.2f}, {of['high']:.2f}] {of['answer']}"


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def reasons(entry: Mapping[str, Any], terms: Terms) -> Iterator[str]:
    """Why networks have no answer, and what would give one; those with the same reason in one sentence."""
    told: dict[str, list[str]] = {}
    for name, of in entry["networks"].items():
        for question, row in of["questions"].items():
            if reason := _reason(question, row, terms):
                told.setdefault(reason, []).append(name)
    for reason, names in told.items():
        yield f"{', '.join(dict.fromkeys(names))}: {reason}"


def _reason(question: str, row: Mapping[str, Any], terms: Terms) -> str:
    reason = str(row["reason"])
    if reason == DENSE_NEAR_CHANCE:
        return (
            "not compared with the dense optimum, as the dense network has hardly learnt from scratch: chance is"
            f" {row['chance']:.1f} %, and more than {row['needed']:.1f} % are needed; train longer (recipe.epochs)"
        )
    if reason == NEAR_CHANCE:
        return (
            f"it has hardly learnt: chance is {row['chance']:.1f} %, an answer needs more than"
            f" {row['needed']:.1f} %; train longer (recipe.epochs)"
        )
    if row["ends"] and not is_asked(row) and reason != EXPLORED:
        key, more = "extension.rounds", terms.rounds + 1
        if terms.trainings and terms.rounds:  # few of them grow the lattice
            key, more = "exploration.trainings", 2 * terms.trainings
        ends = f"the grid ends though accuracy still rises towards {row['ends']}"
        return f"{ends}; set {key} to {more} or more, and run again"
    if row["answer"] != OPEN:
        return ""
    over = OVER[question]
    if reason.startswith(COLLAPSED):
        return (
            f"a training {reason.replace('collapsed: ', 'collapsed, ')} (gain over {over}); look at it in"
            " confirmation.csv, then set verdict.count_collapsed: true or train better"
        )
    if reason == FEW_IMAGES:
        return (
            f"too few validation images to tell the gain over {over}: its standard error over images is"
            f" {row['image_error']:.2f} points, above a quarter of the margin"
        )
    wanted = row["seeds_to_decide"]
    if math.isnan(wanted):
        return f"the gain over {over} varies too much from seed to seed for any number of seeds worth training"
    margin = terms.margin
    near = f", more nearer to the margin of {margin:g}" if abs(row["gain"] - margin) <= margin / 2 else ""
    return (
        f"open over {over}: {wanted:.0f} seeds would decide with {100 * terms.power:g} % power if the gain is 0"
        f" or {2 * margin:g}{near}; set verdict.confirm: {wanted:.0f}, and run again"
    )


def caveats(entry: Mapping[str, Any]) -> Iterator[str]:
    """Sentences on what limits the answers."""
    yield from map(alike, entry["same"])
    for part in sorted(set(entry["parts"].values())):
        names = ", ".join(name for name, own in entry["parts"].items() if own == part)
        yield (
            f"{names}: as fine-tuning does, trained at {part:.3g} of the learning rates of the grid; those told of them"
            " are the ones used"
        )
    if entry["one_checkpoint"]:
        names = ", ".join(entry["one_checkpoint"])
        yield f"{names}: the answers hold for the one dense checkpoint that all seeds go on from"
    if entry["without_control"]:
        yield no_control(entry["without_control"])


def alike(variants: Iterable[str]) -> str:
    """A sentence that variants are one and the same network."""
    return f"one and the same network under several names, trained to the same results: {', '.join(variants)}"


def no_control(criteria: Iterable[str]) -> str:
    """A sentence that criteria stand without random pruning beside them."""
    return f"no control: add random to criteria, to see whether {', '.join(criteria)} choose better than chance"


def answer_of(of: Mapping[str, Any], pair: Pair) -> str:
    """The answer on a network in a sentence, with the setting to use and what tuning gains."""
    row, recommendation = of["questions"][PRIOR], of["recommendation"]
    if recommendation in (TRAIN, GROW, EXPLORED):
        return RECOMMENDATIONS[recommendation]
    gained = f"tuning with {of['trainings']} trainings gains"
    if row["reason"] == SAME:
        return f"keep {pair.told(of['use'])}: tuning with {of['trainings']} trainings chose the same setting"
    told = f"{row['gain']:.2f} points [{row['low']:.2f}, {row['high']:.2f}]"
    if recommendation == KEEP:
        return f"keep {pair.told(of['use'])}: {gained} {told}, surely less than the margin"
    if recommendation == TUNE:
        return f"train at {pair.told(of['use'])}: {gained} {told}, surely more than the margin"
    return f"open: {gained} {told} at {pair.told(of['tuned'])}"
