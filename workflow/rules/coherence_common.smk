"""The study `coherence`: where things are."""

COHERENCE = f"{RESULTS}/coherence"
COHERENCE_TOLERANCE = config["coherence"]["tolerance"]
# Names of the tables that the config asks for.
COHERENCE_TABLES = config["coherence"]["tables"]


def coherence_table(name):
    """The path of a table of the study."""
    return f"{COHERENCE}/{name}.csv"


def coherence_answer(path, caption, figure):
    """A file that the report shows first."""
    return answer_of("Coherence", path, caption, figure)
