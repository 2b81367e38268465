"""What a study will cost and how far it is; what happens before and after a run.

`snakemake plan`, `status`, `watch`, `explain` and `accept`, and `suggest`, `confirm` and `answer`, print and stop here,
while the Snakefile is read: nothing is locked, built or recorded, so that they serve beside a run that is under way.
(As jobs they would not: Snakemake removes the locks of all runs in a directory when any of them ends.)
"""


# Where they have been deleted. They show the studies that the run has by now and ask for none; the end of every run, also
# of one that fails, writes them again.
rule write_index:
    output:
        **PLAN.ledger,
        index=PLAN.index,
    log:
        f"{RUN.logs}/studies/write_index/all.log",
    localrule: True
    conda:
        ENVIRONMENT
    script:
        "../scripts/studies/write_index.py"


# Snakemake learns its targets only after it has read the Snakefile: hence the command line. A workflow that imports this one
# as a module may have given the rules other names.
is_main = workflow.is_main_process and Path(workflow.main_snakefile) == PROJECT / "Snakefile"
if is_main:  # else another workflow may have targets of its own
    from prunescape.overview.targets import unknown_target

    asked_for = ["all", "hpspace", *COMPANIONS, "check", *OVERVIEWS, "export", "trackers", "provenance"]
    mistake = unknown_target(sys.argv, [rule.name for rule in workflow.rules], asked_for)
    if mistake:
        sys.exit(mistake)
NAMES = {name: getattr(rules, name).rule.name for name in [*OVERVIEWS, "hpspace", *PLAN.companions]}
if any(NAMES[name] in sys.argv[1:] for name in OVERVIEWS):
    from prunescape.overview.pages import answer

    sys.exit(answer(PLAN, sys.argv[1:], NAMES))
if workflow.is_main_process and not workflow.modifier.skip_configfile:  # else another workflow says how it is shown
    from prunescape.overview.screen import take_over

    take_over(workflow, PLAN, answers=["check"])


onstart:
    from prunescape.pages.run import before_run

    before_run(PLAN, workflow)


onsuccess:
    from prunescape.pages.run import after_run

    after_run(RUN.results)


onerror:
    from prunescape.overview.failures import failures_page
    from prunescape.overview.screen import end_display
    from prunescape.pages.run import after_run

    end_display()
    after_run(RUN.results, failed=True)
    print(failures_page([Path(path) for path in log]), file=sys.stderr)
