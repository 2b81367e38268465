"""Meanings of the columns of claims.csv. Light: nothing heavy is imported for it."""

from typing import NamedTuple

from prunescape.io.schema import NUMBER, TEXT


class Column(NamedTuple):
    """A column of claims.csv: its type as in Data Packages, its meaning, and its unit where there is one."""

    type: str
    meaning: str
    unit: str | None = None


COLUMNS: dict[str, Column] = {
    "id": Column(TEXT, "stable name, unique in a run: `<study>.<question>[.<case>].<model>`"),
    "study": Column(TEXT, "the study that states it"),
    "model": Column(TEXT, "name of the network, as in the config"),
    "data": Column(TEXT, "data set and trainings that it is decided on"),
    "source": Column(TEXT, "document and place that says or asks it"),
    "statement": Column(TEXT, "what is tested, in the direction in which it may hold"),
    "topic": Column(TEXT, "the same as a question, which several cases may answer"),
    "case": Column(TEXT, "which of several cases: a mask, a schedule, a pruned variant; empty where there is one"),
    "question": Column(TEXT, "the question with its case in words"),
    "outcome": Column(
        TEXT,
        "`holds`, `does not hold`, `not decided`, `cannot be asked here` (the answer says why), or `not tested`:"
        " numbers are told and no rule decides",
    ),
    "decided": Column(
        TEXT,
        "what the interval says: `above`, `below`, `equal`, `not below`, `beyond` or `not above` the"
        " tolerance, `open`; empty if not tested",
    ),
    "answer": Column(TEXT, "the answer in a sentence"),
    "quantity": Column(TEXT, "what `effect` is"),
    "effect": Column(NUMBER, "the number that decides; a mean over seeds, or an estimate without noise", "`unit`"),
    "low": Column(NUMBER, "lower end of its interval; empty with one seed", "`unit`"),
    "high": Column(NUMBER, "upper end of its interval; empty with one seed", "`unit`"),
    "unit": Column(TEXT, "unit of effect, low, high, tolerance and published; empty for bare numbers"),
    "level": Column(NUMBER, "confidence level of the interval", "fraction"),
    "tolerance": Column(NUMBER, "up to which the effect counts as none", "`unit`"),
    "evidence": Column(TEXT, "the effect in words"),
    "would_decide": Column(TEXT, "what more would decide it; empty unless it is not decided"),
    "published": Column(NUMBER, "the source's value of the same quantity on the same data and network", "`unit`"),
    "published_in": Column(TEXT, "where the source prints that value"),
}
