"""The study `coherence`: where things are, the params that its rules share, and the size of its jobs."""

GAUSSIAN = f"{DATA}-gaussian/meta.json"
WATCHED = f"{COHERENCE}/networks/{{model}}/seed-{{seed}}/{{run}}.safetensors"
OWN_DIFFS = f"{COHERENCE}/networks/{{model}}/seed-{{seed}}/diffs.safetensors"
DENSE_OF = f"{RESULTS}/models/{{model}}/dense/architecture.json"
# What the parts of tables are called, by the rule that makes them, and by the names of its outputs.
RUN_TABLES = ["epochs", "weight_histogram", "diff_histogram", "trajectories"]
SPARSE_TABLES = {
    "children": "children_network",
    "densities": "densities",
    "matched": "matched",
    "early_masks": "early_masks",
    "mask_overlap": "mask_overlap",
}
MEASURED_PASSES = 8  # of a network whose gradients are measured: forwards, backwards, norms and signs


def coherence_part(table):
    """The path of a table of one network and seed; `collect_coherence` puts them together."""
    return part_of("coherence", table)


def mlp_part(table):
    """The same of fully connected networks."""
    return f"{COHERENCE}/parts/{table}/{MLP}/seed-{{seed}}.csv"


def coherence_settings(script, wildcards, lanes, model=None, **values):
    """The params of a rule that looks at one network and seed; networks that cannot be fused are trained alone."""
    model = model or wildcards.model
    lanes = lanes if model_info(model).lanes else 1
    return settings(
        script,
        model_code(model),
        engine=lanes_engine(lanes),
        seed=int(wildcards.seed),
        **values,
    )


def watched_settings(wildcards):
    """The params of `train_run`."""
    section, epochs = STUDIED[wildcards.model], epochs_of(wildcards.model, wildcards.run)
    return coherence_settings(
        "coherence/train_run.py",
        wildcards,
        1,
        recipe=constant_recipe(section, epochs),
        learning_rate=section["learning_rate"],
        weight_decay=section["weight_decay"],
        augment=COHERENCE_STUDY["augment"] and wildcards.run.startswith("real"),
        measured_epochs=watched_epochs(epochs),
    )


def sparse_settings(wildcards):
    """The params of `retrain_masks`."""
    section = STUDIED[wildcards.model]
    masks = {name: COHERENCE_STUDY[name] for name in ("scores", "ends", "scopes")}
    wanted = [name for name in SPARSE if performed(name)]
    return coherence_settings(
        "coherence/retrain_masks.py",
        wildcards,
        COHERENCE_STUDY["lanes"],
        recipe=constant_recipe(section, epochs_of(wildcards.model, "children")),
        learning_rate=section["retraining_rate"] or section["learning_rate"],
        weight_decay=section["weight_decay"],
        augment=COHERENCE_STUDY["augment"],
        density=COHERENCE_STUDY["density"],
        plan={"experiments": wanted, **masks, "early_epochs": early_epochs(wildcards.model)},
    )


def mlp_settings(script, wildcards, lanes, **values):
    """The params of a rule that trains fully connected networks of one seed."""
    return coherence_settings(
        script,
        wildcards,
        lanes,
        MLP,
        recipe=constant_recipe(MLPS, MLPS["epochs"]),
        learning_rate=MLPS["learning_rate"],
        weight_decay=MLPS["weight_decay"],
        augment=COHERENCE_STUDY["augment"],
        samples=COHERENCE_STUDY["samples"],
        measured_epochs=watched_epochs(MLPS["epochs"]),
        **values,
    )


def data_of_run(wildcards):
    """The images that a network is trained on, and the training that its weights come from."""
    data = {"data": f"{DATA}/meta.json" if wildcards.run.startswith("real") else GAUSSIAN}
    start = {"start": WATCHED.replace("{run}", "real_fresh")} if wildcards.run.endswith("trained") else {}
    return data | start


def coherence_passes(job):
    """A function of a model and the images of each split: how many images a job sends forwards, training included."""

    def measuring(networks, sizes):
        images = min(COHERENCE_STUDY["samples"] or sizes["train"], sizes["train"])
        return networks * (MEASURED_PASSES * images + sizes["validation"])

    def passes(model, sizes):
        networks = COHERENCE_NETWORKS[job](model)
        if job == "measure_runs":
            return measuring(networks, sizes)
        if model in STUDIED and job in ("train_run", "retrain_masks"):
            longest = "children" if job == "retrain_masks" else max(RUNS, key=lambda run: epochs_of(model, run))
            recipe = constant_recipe(STUDIED[model], epochs_of(model, longest))
            return networks * training_flops(1, 1, sizes, recipe)
        return mlp_passes(job, sizes, measuring)

    return passes


def mlp_passes(job, sizes, measuring):
    """The same of fully connected networks, in passes of the model's own width; wider ones cost as their square."""
    once = training_flops(1, 1, sizes, constant_recipe(MLPS, MLPS["epochs"]))
    watched = measuring(len(watched_epochs(MLPS["epochs"])), sizes)
    if job == "train_widths":
        relative = sum((width / MLP_WIDTH) ** 2 for width in all_widths())
        return round(relative * (once + watched))
    costs = [
        sum(ratio * (width / MLP_WIDTH) ** 2 for width, ratio in pairs(experiment)) for experiment in MLP_EXPERIMENTS
    ]
    return round(max(costs, default=0) * ((1 + coherence_masks()) * once + watched))


# By table, the experiments that make it: one of them is enough.
COHERENCE_TABLES = {
    **{name: [] for name in RUN_TABLES},
    "widths": ["widths", "wide", "fixed"],
    "width_diffs": ["widths", "wide", "fixed"],
    "children": ["network", "wide", "fixed"],
    "densities": ["network"],
    "mask_overlap": ["stability"],
    "early_masks": ["early"],
    "matched": ["matched"],
}


def coherence_table(name):
    """The path of a table of the study."""
    return f"{COHERENCE}/{name}.csv"


def coherence_answer(path, caption, figure):
    """A file that the report shows first."""
    return answer_of("Coherence", path, caption, figure)


def coherence_tables():
    """The names of the tables that the config asks for."""
    return [name for name, experiments in COHERENCE_TABLES.items() if not experiments or performed(*experiments)]


def coherence_parts(wildcards):
    """The tables of each network and seed."""
    table = wildcards.table
    files = []
    if table in ("widths", "width_diffs"):
        files = expand(mlp_part(table), seed=SEEDS)
    elif table == "children":
        files = [path for name in MLP_EXPERIMENTS for path in expand(mlp_part(f"children_{name}"), seed=SEEDS)]
    if table in RUN_TABLES or table in SPARSE_TABLES and (table != "children" or performed("network")):
        part = coherence_part(SPARSE_TABLES.get(table, table))
        files += expand(part, model=STUDIED, seed=SEEDS)
    return files
