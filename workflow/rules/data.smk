"""Data: every data set becomes the same prepared form."""


rule prepare:
    output:
        # What depends on the data reads this file: it is written last and holds the arrays' checksums.
        meta=f"{DATA}/meta.json",
        arrays=expand(f"{DATA}/{{split}}_{{part}}.npy", split=["train", "validation"], part=["images", "labels"]),
    log:
        f"{LOGS}/prepare.log",
    # Runs where Snakemake runs, so that compute nodes need no network.
    localrule: True
    conda:
        ENVIRONMENT
    threads: workflow.cores if data_set(config["data"]["name"]).module == "folders" else 1
    params:
        settings=lambda wildcards: settings(
            "data/prepare.py",
            f"prunescape.data.sources.{data_set(config['data']['name']).module}",
            content=content_settings(),
            files=folder_digest(),
        ),
        # Where the files are found is no part of what they are; Snakemake does not track params that take `output`.
        data=lambda wildcards, output: {key: value for key, value in config["data"].items() if key != "prepared"},
    script:
        "../scripts/data/prepare.py"


rule figure_samples:
    input:
        meta=f"{DATA}/meta.json",
    output:
        figure(f"{RESULTS}/figures/samples", "Data and pruning", "samples", figure="training images"),
    log:
        f"{LOGS}/figure_samples.log",
    conda:
        ENVIRONMENT
    params:
        settings=figure_settings("data/figure_samples.py"),
    script:
        "../scripts/data/figure_samples.py"
