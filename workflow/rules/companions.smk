"""What the rules of companion studies share: where the parts of their tables are, their engine, what they print and show."""

COMPANION_STUDIES = ["stochastic", "mechanism", "coherence"]
ANSWERS = {}  # by companion study, a function that tells its findings, tables and figures

# Else Snakemake would only say that there is no such rule. It learns its targets after this file, hence the command line.
for name in COMPANION_STUDIES:
    if name in sys.argv[1:] and config[name] is None:
        sys.exit(f"config: {name}: is missing; write '{name}: {{}}' for its defaults, or more (docs/config.md)")


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


def findings_of(study):
    """The findings of a study: for programs, as text, and as a page."""
    return [f"{RESULTS}/{study}/findings.{suffix}" for suffix in ("json", "txt", "html")]


def companion_page(study):
    """The page that shows all answers of a study."""
    return f"{RESULTS}/{study}/explore.html"


def shown_on_page(wildcards):
    """What the page of a study shows: the findings, all tables, and figures where there are PNG files of them."""
    kinds = {"tables": ".csv", "pictures": ".png"}
    files = ANSWERS[wildcards.study]()
    shown = {name: [path for path in files if path.endswith(suffix)] for name, suffix in kinds.items()}
    return {"findings": f"{RESULTS}/{wildcards.study}/findings.json"} | shown


def captions_on_page(wildcards):
    """By path of a table or figure, what the report says of it; None of a table that is not in the report."""
    shown = shown_on_page(wildcards)
    return {path: caption_of(path) for path in [*shown["tables"], *shown["pictures"]]}


def caption_of(path):
    """What the report says of a file, which holds the first of a figure's formats alone; None where it says nothing."""
    from prunescape.pages.captions import caption
    from snakemake.io import get_flag_value

    for maker in workflow.rules:
        for output in maker.output:
            if match := output.match(path):
                said = get_flag_value(output, "report") or get_flag_value(maker.output[0], "report")
                return said and caption(said.caption, said.labels["figure"], match.groupdict(), config)
    return None


def companion_jobs(study):
    """Model, rule, number of networks and log of each job that trains or measures."""
    return [(piece.model, piece.experiment, piece.networks, str(piece.log)) for piece in COMPANIONS[study]().pieces]


def companion_overview(name, networks, passes, models=None):
    """A function that tells the jobs of a companion study.

    `networks` has by rule, in the order of the rules, how many networks a job on one model makes, trains or evaluates;
    0, where there is none. `passes(rule)` is what `companion_minutes` takes. `models` are those of the main job, where
    none are given.
    """

    def overview():
        from functools import partial

        from prunescape.overview.companion import Companion, Piece

        def piece(rule, model, wildcards):
            of = getattr(rules, rule)
            result, log = (Path(path.format(model=model, **wildcards)) for path in (of.output[0], of.log[0]))
            return Piece(model, rule, networks[rule](model), result, log, partial(passes(rule), model))

        jobs = [
            (rule, model, job) for model in models or config["models"] for rule in networks for job in jobs_of(rule)
        ]
        return Companion(name, [piece(*job) for job in jobs if networks[job[0]](job[1])])

    return overview


def jobs_of(rule):
    """The wildcards beside the model of a companion study's jobs."""
    output = getattr(rules, rule).output[0]
    values = {"seed": lambda: SEEDS, "retraining": lambda: config["mechanism"]["cycles"]["retrainings"]}
    values |= {"run": lambda: RUNS, "experiment": lambda: MLP_EXPERIMENTS}
    found = {name: known() for name, known in values.items() if f"{{{name}}}" in output}
    return [dict(zip(found, chosen)) for chosen in itertools.product(*found.values())]
