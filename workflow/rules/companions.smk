"""What the rules of companion studies share: where the parts of their tables are, their engine, and what they print."""

COMPANION_STUDIES = ["stochastic", "mechanism"]

# Else Snakemake would only say that there is no such rule. It learns its targets after this file, hence the command line.
for study in COMPANION_STUDIES:
    if study in sys.argv[1:] and config[study] is None:
        sys.exit(f"config: {study}: is missing; write '{study}: {{}}' for its defaults, or more (docs/config.md)")


def part_of(study, table):
    """The path of a table of one model and seed; a rule of the study puts them together."""
    return f"{RESULTS}/{study}/parts/{table}/{{model}}/seed-{{seed}}.csv"


def log_of(study, rule):
    """The log of a rule that looks at one pretrained network."""
    return f"{LOGS}/{study}/{rule}/{{model}}_seed-{{seed}}.log"


def lanes_engine(lanes):
    """The engine's settings of a study that runs so many networks as one."""
    return engine_settings(strategy="fused" if lanes > 1 else "serial", lanes=lanes)


def checkpoint_of(rule):
    """A function that gives the folder in which jobs of a rule keep their state; no output, to survive a killed job."""
    return lambda wildcards, output: f"{RESULTS}/checkpoints/{rule}/" + "_".join(wildcards)


def answer_of(category, path, caption, figure):
    """A file that the report shows first."""
    return report(
        path,
        category=category,
        caption=f"{CAPTIONS}/{caption}.rst",
        labels={"figure": figure, "model": "all"},
    )
