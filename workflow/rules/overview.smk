"""What a study will cost and how far it is, and what failed.

`snakemake plan` and `snakemake status` print and stop here, while the Snakefile is read: nothing is locked, built or
recorded, so that they serve beside a run that is under way. (As jobs they would not: Snakemake removes the locks of all
runs in a directory when any of them ends.)
"""

OVERVIEWS = ["plan", "status"]


def companion_overview(name, networks, passes):
    """A function that tells the jobs of a companion study.

    `networks` has by rule, in the order of the rules, how many networks a job on one model makes, trains or evaluates;
    0, where there is none. `passes(rule)` is what `companion_minutes` takes.
    """

    def overview():
        from functools import partial

        from prunescape.overview.companion import Companion, Piece

        def piece(rule, model, wildcards):
            of = getattr(rules, rule)
            result, log = (Path(path.format(model=model, **wildcards)) for path in (of.output[0], of.log[0]))
            return Piece(model, rule, networks[rule](model), result, log, partial(passes(rule), model))

        jobs = [(rule, model, job) for model in config["models"] for rule in networks for job in jobs_of(rule)]
        return Companion(name, [piece(*job) for job in jobs if networks[job[0]](job[1])])

    return overview


def jobs_of(rule):
    """The wildcards beside the model of a companion study's jobs."""
    output = getattr(rules, rule).output[0]
    seeds = SEEDS if "{seed}" in output else [None]
    retrainings = config["mechanism"]["cycles"]["retrainings"] if "{retraining}" in output else [None]
    return [{"seed": seed, "retraining": retraining} for seed in seeds for retraining in retrainings]


COMPANIONS = {}
if config["stochastic"] is not None:
    COMPANIONS["stochastic"] = companion_overview("stochastic", NETWORKS, stochastic_passes)
if config["mechanism"] is not None:
    COMPANIONS["mechanism"] = companion_overview("mechanism", MECHANISM_NETWORKS, mechanism_passes)


rule plan:
    localrule: True


# Prints cells, jobs, FLOPs, hours and disk before anything is submitted: of the main job and of the companion studies in
# the config, or of those that are named beside it (`snakemake plan stochastic`).
rule status:
    localrule: True


# Prints which cells are finished, running, failed and missing, and how long it will take.
# Snakemake learns its targets only after it has read the Snakefile: hence the command line.
asked = [name for name in OVERVIEWS if name in sys.argv[1:]]
if asked:
    from prunescape.overview.pages import print_pages
    from prunescape.overview.study import Study

    study = Study(
        config=config,
        ratios={
            model: {"dense": 1.0} | {name: variant["ratio"] for name, variant in pruned_variants(model).items()}
            for model in config["models"]
        },
        data=Path(DATA),
        models=f"{RESULTS}/models/{{model}}/{{variant}}",
        tile=f"{TILE}.csv",
        tile_log=str(rules.train_tile.log[0]),
        weights=str(rules.train_dense.output.weights),
        weights_log=str(rules.train_dense.log[0]),
        extension=PLAN,
    )
    named = [name for name in ["hpspace", *COMPANIONS] if name in sys.argv[1:]] or ["hpspace", *COMPANIONS]
    shown = [companion() for name, companion in COMPANIONS.items() if name in named]
    print_pages(asked, study, workflow.cores, "hpspace" in named, shown)
    sys.exit(0)


onstart:
    from prunescape.errors import UserError
    from prunescape.faults import check_writable

    try:  # before Snakemake itself trips over it, with a traceback
        for folder in (RESULTS, DATA, LOGS):
            check_writable(folder)
    except UserError as error:
        sys.exit(f"prunescape: {error}")
    stop_leftovers()


onerror:
    from prunescape.overview.failures import failures_page

    print(failures_page([Path(path) for path in log]), file=sys.stderr)
