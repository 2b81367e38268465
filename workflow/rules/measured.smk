"""What studies measure that need no file of rules, because their entries say it all."""

for step in PLAN.declared:

    rule:
        name:
            step.name
        input:
            inputs(step),
        output:
            **step.outputs,
        log:
            step.log,
        conda:
            ENVIRONMENT
        threads: RUN.threads
        resources:
            runtime=PLAN.minutes(step),
            cpus_per_task=CPUS,
        params:
            settings=step.settings,
        script:
            "../scripts/run_step.py"
