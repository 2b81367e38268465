"""Tables, claims, figures and pages: one rule a step of the plan, which says what each is made of.

`collect`, tables and claims are minutes of work at most; each figure has a rule of its own, so that a change to one
draws that one again.
"""

for step in PLAN.light:

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
            **step.constraints,
        localrule: step.is_local
        conda:
            ENVIRONMENT
        params:
            settings=step.param,
            caption=caption(step),
            provenance=step.untracked,
        script:
            "../scripts/run_step.py"
