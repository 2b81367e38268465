"""What a study will cost and how far it is, and what failed.

`snakemake plan`, `snakemake status` and `snakemake watch` print and stop here, while the Snakefile is read: nothing is locked, built or
recorded, so that they serve beside a run that is under way. (As jobs they would not: Snakemake removes the locks of all
runs in a directory when any of them ends.)
"""

OVERVIEWS = ["plan", "status", "watch"]


COMPANIONS = {}
if config["stochastic"] is not None:
    COMPANIONS["stochastic"] = companion_overview("stochastic", NETWORKS, stochastic_passes)
if config["mechanism"] is not None:
    COMPANIONS["mechanism"] = companion_overview("mechanism", MECHANISM_NETWORKS, mechanism_passes)
if config["coherence"] is not None:
    COMPANIONS["coherence"] = companion_overview("coherence", COHERENCE_NETWORKS, coherence_passes, OWN_MODELS)


rule write_index:
    output:
        INDEX,
    log:
        f"{LOGS}/write_index.log",
    # Where it has been deleted. It shows the studies that the run has by now and asks for none: `onsuccess` writes it again.
    localrule: True
    conda:
        ENVIRONMENT
    script:
        "../scripts/studies/index.py"


rule plan:
    localrule: True


# Prints cells, jobs, FLOPs, hours and disk before anything is submitted: of the main job and of the companion studies that
# have begun, or of those that are named beside it (`snakemake plan stochastic`).
rule status:
    localrule: True


# Prints which cells are finished, running, failed and missing, and how long it will take.
rule watch:
    localrule: True


# Prints the same with bars and the best accuracies so far, again and again until everything is finished.
# Snakemake learns its targets only after it has read the Snakefile: hence the command line. A workflow that imports this one
# as a module may have given the rules other names.
asked = [name for name in OVERVIEWS if getattr(rules, name).rule.name in sys.argv[1:]]
if asked:
    from prunescape.overview.companion import Companions
    from prunescape.overview.pages import print_pages
    from prunescape.overview.study import Preparation, Row, Study

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
        recipes={
            model: {
                name: retrained(model, name)["recipe"]
                for name in pruned_variants(model)
                if retrained(model, name) is not None
            }
            for model in config["models"]
        },
        preparations=[
            Preparation(Row(model, name), Path(f"{RESULTS}/models/{model}/{result}"), Path(log), part, recipe)
            for model in config["models"]
            for name, result, log, part, recipe in preparations(model)
        ],
        weights=str(rules.train_dense.output.weights),
        weights_log=str(rules.train_dense.log[0]),
        extension=PLAN,
    )
    studies = ["hpspace", *COMPANIONS]
    known = {getattr(rules, name).rule.name for name in [*OVERVIEWS, *studies]}
    for word in itertools.takewhile(lambda word: not word.startswith("-"), sys.argv[1:]):
        if word not in known:  # else the plan of another config would be taken for that of a file so named
            file = f"; a config is given as --configfile {word}" if Path(word).is_file() else ""
            sys.exit(f"prunescape: {word}: no study of this config, which has {', '.join(studies)}{file}")
    named = [name for name in studies if getattr(rules, name).rule.name in sys.argv[1:]]
    chosen = [companion() for name, companion in COMPANIONS.items() if name in named or not named]
    companions = Companions(asked=chosen) if named else Companions(others=chosen)
    try:
        print_pages(asked, study, workflow.cores, not named or "hpspace" in named, companions)
    except UserError as error:
        sys.exit(f"prunescape: {error}")
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


onsuccess:
    from prunescape.errors import UserError
    from prunescape.faults import in_words
    from prunescape.pages.index import write_index

    try:
        if write_index(Path(RESULTS)):
            print(f"prunescape: the answers are in {RESULTS}/index.html", file=sys.stderr)
    except (UserError, OSError) as error:
        print(f"prunescape: no {RESULTS}/index.html: {in_words(error) or error}", file=sys.stderr)


onerror:
    from prunescape.overview.failures import failures_page

    print(failures_page([Path(path) for path in log]), file=sys.stderr)
