"""The study `stochastic`: does noise before pruning give better sparse networks? Networks, and what is measured on each."""


use rule train_dense as pretrain with:
    output:
        weights=f"{PRETRAINED}/weights.safetensors",
        history=f"{PRETRAINED}/history.csv",
    log:
        study_log("pretrain"),
    params:
        settings=lambda wildcards: settings(
            "models/train_dense.py",
            model_code(wildcards.model),
            learning_rate=config["models"][wildcards.model]["learning_rate"],
            weight_decay=config["models"][wildcards.model]["weight_decay"],
            recipe=config["recipe"],
            engine=engine_settings(strategy="serial"),
            seed=int(wildcards.seed),
            held_out=STUDY["held_out"],
        ),
        checkpoint=checkpoint_of("pretrain"),


rule evaluate_sweep:
    input:
        **OF_PRETRAINED,
    output:
        part("sweep"),
    log:
        study_log("evaluate_sweep"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("evaluate_sweep"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/evaluate.py", wildcards, variants=sweep(wildcards.model)),
    script:
        "../scripts/stochastic/evaluate.py"


use rule evaluate_sweep as evaluate_grid with:
    output:
        part("grid"),
    log:
        study_log("evaluate_grid"),
    resources:
        runtime=evaluation_minutes("evaluate_grid"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/evaluate.py", wildcards, variants=grid(wildcards.model)),


rule choose_cell:
    input:
        expand(part("grid"), seed=SEEDS, allow_missing=True),
    output:
        CELL,
    log:
        f"{LOGS}/stochastic/choose_cell/{{model}}.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("stochastic/choose_cell.py", cell=of_model(wildcards.model)["cell"]),
    script:
        "../scripts/stochastic/choose_cell.py"


use rule evaluate_sweep as evaluate_best with:
    input:
        **OF_PRETRAINED,
        best=CELL,
    output:
        part("best_draws"),
    log:
        study_log("evaluate_best"),
    resources:
        runtime=evaluation_minutes("evaluate_best"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate.py", wildcards, variants=best_draws(wildcards.model)
        ),


use rule evaluate_best as transfer_masks with:
    output:
        part("transfer"),
    log:
        study_log("transfer_masks"),
    resources:
        runtime=evaluation_minutes("transfer_masks"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate.py", wildcards, variants=transfer(wildcards.model)
        ),


rule measure_weight_cdf:
    input:
        **OF_PRETRAINED,
    output:
        part("weight_cdf"),
    log:
        study_log("measure_weight_cdf"),
    conda:
        ENVIRONMENT
    params:
        settings=lambda wildcards: settings("stochastic/measure_weight_cdf.py", model_code(wildcards.model)),
    script:
        "../scripts/stochastic/measure_weight_cdf.py"


rule measure_feature_variance:
    input:
        **OF_PRETRAINED,
    output:
        part("feature_variance"),
    log:
        study_log("measure_feature_variance"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("measure_feature_variance"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/measure_feature_variance.py", wildcards, variants=variance_sweep(wildcards.model)
        ),
    script:
        "../scripts/stochastic/measure_feature_variance.py"


rule fine_tune:
    input:
        **OF_PRETRAINED,
        best=CELL,
    output:
        accuracies=part("fine_tuning"),
        variances=part("variances"),
    log:
        study_log("fine_tune"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("fine_tune"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/fine_tune.py",
            wildcards,
            variants=fine_tuned(wildcards.model),
            recipe=FINE_TUNING,
            learning_rate=STUDY["fine_tuning"]["learning_rate"],
            weight_decay=STUDY["fine_tuning"]["weight_decay"],
        ),
        checkpoint=checkpoint_of("fine_tune"),
    script:
        "../scripts/stochastic/fine_tune.py"


rule search:
    input:
        **OF_PRETRAINED,
    output:
        evaluations=part("search"),
        progress=part("search_progress"),
        fronts=part("fronts"),
    log:
        study_log("search"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("search"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings("stochastic/search.py", wildcards, search=STUDY["search"]),
        states=checkpoint_of("search"),
    script:
        "../scripts/stochastic/search.py"


rule evaluate_structured:
    input:
        **OF_PRETRAINED,
    output:
        part("structured"),
    log:
        study_log("evaluate_structured"),
    conda:
        ENVIRONMENT
    threads: training_threads()
    resources:
        runtime=evaluation_minutes("evaluate_structured"),
        cpus_per_task=config["engine"]["threads"],
    params:
        settings=lambda wildcards: study_settings(
            "stochastic/evaluate_structured.py",
            wildcards,
            variants=structured(wildcards.model),
            pruning=flops_ranking(),
        ),
    script:
        "../scripts/stochastic/evaluate_structured.py"
