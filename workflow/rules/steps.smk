"""The rules: one a step of the plan, which says what it reads, makes, runs and asks for."""


def rule_of(step, constraints):
    """Make the rule of a step. In a function of its own, so that what Snakemake asks later is asked of this step."""

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
            settings=step.param,
            tables=tables,
            roots=RUN.roots,
            tells_accepted=step.tells_accepted,
            checkpoint=step.state,
            caption=caption(step),
            told=step.untracked,
        script:
            f"../scripts/{step.script}"


# Jobs that train or measure: their wildcards are constrained as everywhere, since there may be tens of thousands.
for step in PLAN.measuring:
    rule_of(step, {})


# Tables, claims, figures and pages. Each figure has a rule of its own, so that a change to one draws that one again.
for step in PLAN.light:
    rule_of(step, step.constraints)


# The main job's grid grows where good cells touch its border. Round 0 is the configured grid; each later round looks at all
# results before it. The earlier plans are inputs, or Snakemake would run the rounds side by side.
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
        settings=PLAN.hpspace.extend_grid.settings,
        tables=tables,
        roots=RUN.roots,
    script:
        "../scripts/hpspace/extend_grid.py"
