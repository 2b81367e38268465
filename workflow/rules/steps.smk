"""The rules: one a step of the plan, which says what it reads, makes, runs and asks for."""

# Of jobs that train or measure, wildcards are constrained as everywhere, since there may be tens of thousands. Then
# tables, claims, figures and pages: each figure has a rule of its own, so that a change to one draws that one again.
for step, constraints, params in PLAN.constrained:

    rule:
        name:
            step.name
        input:
            inputs(step),
        output:
            **outputs(step),
        log:
            step.log,
        wildcard_constraints:
            **constraints,
        localrule: step.is_local
        conda:
            ENVIRONMENT
        threads: step.threads
        resources:
            **PLAN.resources(step),
        params:
            settings=settings(step),
            tables=tables,
            roots=RUN.roots,
            tells_accepted=step.tells_accepted,
            checkpoint=untracked(step.checkpoint and step.state),
            caption=caption(step),
            told=told(step),
        # Looked up twice: now, for reports, by the loop's `params`, and when a job runs, by its own.
        script:
            f"../scripts/{params.settings['script']}"


# What is known only while a run goes on. The main job's grid grows where good cells touch its border: round 0 is the
# configured grid, and each later round looks at all results before it. Confirmation chooses settings, then looks at what
# they gave. The earlier plans are inputs, or Snakemake would run the rounds side by side.
checkpoint extend_grid:
    input:
        inputs(PLAN.hpspace.extend_grid),
    output:
        **PLAN.hpspace.extend_grid.outputs,
    log:
        PLAN.hpspace.extend_grid.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings(PLAN.hpspace.extend_grid),
        tables=tables,
        roots=RUN.roots,
    script:
        "../scripts/hpspace/extend_grid.py"


# Or batches are added, until no further one is worth it.
checkpoint choose_batches:
    input:
        inputs(PLAN.hpspace.choose_batches),
    output:
        **PLAN.hpspace.choose_batches.outputs,
    log:
        PLAN.hpspace.choose_batches.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings(PLAN.hpspace.choose_batches),
        tables=tables,
        roots=RUN.roots,
    script:
        "../scripts/hpspace/choose_batches.py"


checkpoint plan_confirmation:
    input:
        inputs(PLAN.hpspace.confirmation.plan),
    output:
        **PLAN.hpspace.confirmation.plan.outputs,
    log:
        PLAN.hpspace.confirmation.plan.log,
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=settings(PLAN.hpspace.confirmation.plan),
        tables=tables,
        roots=RUN.roots,
    script:
        "../scripts/hpspace/plan_confirmation.py"


# A workflow that changes a rule of this one has it read again, with that rule alone.
CHECKPOINTS.update(
    (name, getattr(checkpoints, name))
    for name in ("extend_grid", "choose_batches", "plan_confirmation")
    if hasattr(checkpoints, name)
)
