"""The plan: what a config can combine, names of variants, files and settings of steps, and what jobs ask for."""

import ast
import importlib
import inspect
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from combinations_of_configs import CHOICES, COHERENCE, PIPELINES, ROWS, STOCHASTIC, combined
from plan_graph import graph, rules, stale
from project_copy import PROJECT, TINY, merged
from prunescape.config.models import Model
from prunescape.config.reading import ConfigError
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.flops import count_activations, count_parameters
from prunescape.plan import identity
from prunescape.plan.coherence import Coherence
from prunescape.plan.plan import Plan
from prunescape.plan.step import Job
from prunescape.runtime import fingerprint
from prunescape.runtime.named import OF_JOB, arguments, named
from prunescape.studies import coherence
from prunescape.studies.registry import STUDIES
from prunescape.training.engine import Engine
from prunescape.training.memory import Needs
from prunescape.training.retraining import AT_INIT, FINE_TUNING, SCRATCH, WEIGHT_REWINDING
from prunescape.variant import DENSE, PRUNED_NAME, VARIANT_NAME, Variant, variants_of


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_whatever_a_config_combines_can_be_planned(row: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    plan = Plan(combined(ROWS[row]), 2)
    written: Counter[str] = Counter()
    for job in plan.jobs():
        identity, outputs = job.identity, job.outputs
        assert identity["code"]
        assert job.networks >= 0
        assert job.passes({"train": 100, "validation": 50}) >= 0
        for path in (*outputs.values(), job.log):
            assert "{" not in path, (job.step.name, path)
        job.step.reads(job.wildcards)
        written.update(outputs.values())
    assert max(written.values()) == 1, "two jobs write one file"
    read = {path for job in plan.jobs() for of in job.step.reads(job.wildcards).values() for path in _listed(of)}
    assert read <= written.keys() | {*_future(plan)}, "a job reads what no job writes"
    assert {*plan.main, *(path for study in plan.companions.values() for path in study.answers)} <= (
        written.keys() | {*_future(plan)}
    )


def _listed(path: str | list[str]) -> list[str]:
    return [path] if isinstance(path, str) else path


def _future(plan: Plan) -> list[str]:
    """The plans of rounds that are not known yet, and the overview, which no step makes."""
    plans = [path for model in plan.run.models for path in plan.hpspace.plans(model, plan.hpspace.rounds)]
    return [*plans, *plan.hpspace.confirmation.plan_files, plan.index, *plan.ledger.values()]


def test_a_network_whose_layers_are_ignored_is_checked_before_it_is_trained() -> None:
    for ignored in (None, [], ["blocks.0"]):
        config = combined(ROWS[0])
        for section in config["models"].values():
            section |= {"import": None, "ignored_layers": ignored}
        networks = Plan(config, 2).networks
        checks = [job.outputs["check"] for job in networks.check.all_jobs()]
        assert checks  # by `snakemake check`, in any case
        for job in networks.describe.all_jobs():
            assert job.identity.get("ignored_layers") == ignored
        for job in networks.train_dense.all_jobs():
            awaited = [path for path in job.step.reads(job.wildcards).values() if path in checks]
            assert awaited == ([] if ignored is None else checks)


def test_networks_that_lose_no_channels_are_for_stochastic_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    plain = {"learning_rate": 0.05, "weight_decay": 0.001}
    both = merged(TINY, {"models": {"mlp": {**plain, "ratios": []}}, "stochastic": STOCHASTIC})
    plan = Plan(both, 2)
    assert (plan.run.models, plan.run.all_models) == (["small_resnet"], ["small_resnet", "mlp"])
    steps = {job.step.name for job in plan.jobs() if job.model == "mlp"}
    assert {"pretrain", "confirm_noise", "choose_cell"} <= steps
    assert not steps & {"evaluate_structured", "confirm_structured", "train_tile", "train_dense"}
    study = plan.companions["stochastic"]
    (cell,) = (job for job in study.choose_cell.all_jobs() if job.model == "mlp")
    assert list(study.choose_cell.reads(cell.wildcards)) == ["data", "grids", "sweeps"]
    for changes, words in (
        ({"models": {"mlp": {"ratios": [0.5]}}}, "write ratios: [] where it is for the study stochastic"),
        ({"stochastic": None}, "models.mlp.ratios: is empty, which only the study stochastic takes"),
        ({"models": {"small_resnet": {"ratios": []}}}, "models: no network has pruning ratios"),
    ):
        with pytest.raises(ConfigError, match=re.escape(words)):
            Plan(merged(both, changes), 2)


def test_what_only_the_catalogues_tell_is_told_with_all_other_mistakes() -> None:
    """Of networks with mistakes of their own, what these leave of them."""
    plain = {"learning_rate": 0.05, "weight_decay": 0.001, "ratios": [0.5]}
    models = {
        "resnet56": {**plain, "weights": "nowhere.safetensors"},
        "vanilla_cnn": {**plain, "criteria": ["bn_scale"], "ratios": [2]},
        "mine": {**plain, "import": "nowhere:build", "learning_rate": "fast"},
        "resnet20": {**plain, "ratios": "many"},
        "nonsense": plain,
    }
    wrong = merged(TINY, {"models": models, "recipe": {"epoch": 3}, "grid": {"size": [3]}})
    with pytest.raises(ConfigError) as caught:
        Plan(wrong, 2)
    told = [line.partition(": ")[::2] for line in caught.value.mistakes]
    places = {place for place, _ in told}
    assert len(told) == len({*told})
    assert {"recipe.epoch", "models.mine.learning_rate", "models.nonsense"} <= places
    assert {"models.resnet56.weights", "models.vanilla_cnn.criteria", "models.mine.import"} <= places
    assert {place for place, words in told if "needs images of at least" in words} == {
        "models.resnet56",
        "models.resnet20",
    }


def test_the_array_covers_every_pair_of_choices() -> None:
    for a, b in itertools.combinations(CHOICES, 2):
        seen = {(row[a], row[b]) for row in ROWS}
        assert len(seen) == len(CHOICES[a]) * len(CHOICES[b])


def every_variant() -> list[Variant]:
    section = Model(
        learning_rate=0.1,
        weight_decay=0.1,
        pipelines=tuple(PIPELINES),
        criteria=("norm", "fpgm", "bn_scale", "taylor", "lamp", "random"),
        methods=("uniform", "non_uniform"),
        ratios=(0.5, 0.25, 1e-3),
    )
    return [of for target in ("flops", "parameters", "latency") for of in variants_of(section, target)]


def test_names_of_variants_are_all_different_and_of_the_known_form() -> None:
    variants = dict.fromkeys(every_variant())
    assert len({variant.name for variant in variants}) == len(variants)
    for variant in variants:
        assert re.fullmatch(VARIANT_NAME, variant.name)
        assert variant.is_dense == (re.fullmatch(PRUNED_NAME, variant.name) is None)


def test_a_variant_is_named_by_what_is_no_default() -> None:
    assert DENSE.name == "dense"
    assert Variant("uniform", 0.4).name == "uniform-0.4"
    assert Variant("non_uniform", 0.25, "taylor", WEIGHT_REWINDING, "latency").name == (
        "non_uniform_taylor_weight_rewinding_latency-0.25"
    )


def test_a_variant_is_five_columns() -> None:
    assert Variant("uniform", 0.4, pipeline=FINE_TUNING).row() == {
        "variant": "uniform_fine_tuning-0.4",
        "method": "uniform",
        "ratio": 0.4,
        "criterion": "norm",
        "pipeline": "fine_tuning",
        "target": "flops",
    }


@pytest.fixture(scope="module")
def whole() -> Plan:
    """The plan of a config that has all studies and pipelines."""
    config = merged(TINY, {"stochastic": STOCHASTIC, "mechanism": {}, "coherence": COHERENCE})
    config = merged(config, {"models": {"small_resnet": {"pipelines": PIPELINES}}, "retraining": {"steps": 2}})
    return Plan(config, 2)


def test_scripts_ask_for_files_that_their_steps_have(whole: Plan) -> None:
    for step in whole.steps:
        text = (PROJECT / "workflow" / "scripts" / step.script).read_text()
        made = re.findall(r"(?:snakemake|job)\.output\.(\w+)", text) + re.findall(r'job\.write\(\s*"(\w+)"', text)
        wrong = {*made} - {*step.outputs, "get", "items"}
        assert not wrong, f"{step.name}: {step.script} writes {wrong}"
        jobs = step.all_jobs()
        given = {name for job in jobs for name in step.reads(job.wildcards)}
        asked = set(re.findall(r"(?:snakemake\.input|files)\.(\w+)", text)) - {"get", "items"}
        if step.name == "plan_confirmation":
            asked -= {"before", "tables", "images"}  # of later rounds, which are not known yet
            asked -= {"stopped"}  # of exploration by few trainings
        assert not jobs or asked <= given, f"{step.name}: {step.script} reads {asked - given}"


def test_every_script_belongs_to_a_step(whole: Plan) -> None:
    scripts = {
        path.relative_to(PROJECT / "workflow" / "scripts").as_posix()
        for path in (PROJECT / "workflow" / "scripts").rglob("*.py")
    }
    assert scripts == {step.script for step in whole.steps} | {
        "studies/write_index.py",
        "studies/measure.py",
    }


def test_steps_logs_and_scripts_are_named_alike(whole: Plan) -> None:
    """A script that serves several rules gives them its first word, a verb also with a prefix: `retrain_step`."""
    assert len({step.name for step in whole.steps}) == len(whole.steps)
    served = Counter(step.script for step in whole.steps)
    for step in whole.steps:
        script = Path(step.script).stem
        if served[step.script] == 1 and not step.script.startswith("studies/"):
            assert step.name == script
        else:
            assert step.name.split("_")[0].removeprefix("re").removeprefix("pre") == script.split("_")[0], step.name
        if step.script.startswith("studies/"):
            study = step.name.split("_")[1]
            assert study in {"hpspace", *whole.companions}, step.name
        room = step.log.removeprefix("results/tiny/logs/").split("/")[0]
        wildcards = "_".join(f"{{{name}}}" for name in step.wildcards) or "all"
        assert step.log == f"results/tiny/logs/{room}/{step.name}/{wildcards}.log"


def test_captions_can_be_rendered_and_a_step_has_one_at_most(whole: Plan) -> None:
    for step in whole.steps:
        assert len(step.captions) <= 1, step.name  # the template of the report cannot tell files of a job apart
        assert {*step.captions} <= {*step.outputs}
        for job in step.all_jobs() if step.captions else []:
            text = step.caption(job.wildcards, whole.run.config.plain())
            assert len(text) > 50, step.name
            assert not set("{}") & set(text), step.name


def test_functions_of_entries_take_what_their_jobs_give(whole: Plan) -> None:
    named_by = [step for step in whole.steps if step.script in ("studies/figure.py", "studies/table.py")]
    assert len(named_by) > 50
    for step in named_by:
        for job in step.all_jobs():
            settings = job.identity
            parameters = inspect.signature(named(settings["function"])).parameters
            given = {*settings} - {*OF_JOB} | {*step.reads(job.wildcards)}
            given |= {*job.wildcards} & {*parameters}
            assert {"model", "metric"} & {*job.wildcards} <= given, step.name
            inspect.signature(named(settings["function"])).bind(**dict.fromkeys(given))
    for step in (step for step in whole.steps if step.script == "studies/state_claims.py"):
        settings = step.all_jobs()[0].identity
        inspect.signature(named(f"prunescape.{settings['study']}.claims:claims")).bind({}, **arguments(settings))


def test_tables_that_are_put_together_ask_for_all_their_columns(whole: Plan) -> None:
    """An experiment that is left out takes no column away that other parts lack."""
    for study in whole.companions.values():
        declared = {table.name: list(table.columns) for table in study.study.tables}
        asked = {job.wildcards["table"]: job.identity["columns"] for job in study.collect.all_jobs()}
        assert asked
        assert asked == {name: declared[name] for name in asked}


def test_identities_cover_the_functions_of_entries_and_not_the_registry(
    whole: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "digest", lambda *sources: sources)
    monkeypatch.setattr(identity, "_sources", {})
    for job in (replace(step).all_jobs()[0] for step in whole.steps if step.all_jobs()):
        settings = job.identity
        reached = fingerprint.definitions(*settings["code"])
        assert not [file for file in reached if file.startswith("prunescape/studies/")], job.step.name
        assert "" in reached[f"scripts/{job.step.script}"]
        named_by = [settings[name] for name in ("function",) if name in settings]
        named_by += settings.get("readers", {}).values()
        if job.step.script == "studies/state_claims.py":
            named_by.append(f"prunescape.{settings['study']}.claims:claims")
        for function in named_by:
            module, _, name = function.partition(":")
            assert name in reached[f"{module.replace('.', '/')}.py"], job.step.name


def test_tables_hang_on_the_published_tables_that_their_functions_read() -> None:
    for study in STUDIES:
        entries = [(of.function, of.published) for of in study.analyses]
        entries += [(f"prunescape.{study.name}.claims:claims", study.claims.published)] if study.claims else []
        for function, names in entries:
            read = published_by(function)
            assert all(any(re.fullmatch(pattern, name) for pattern in read) for name in {*names} - SETTINGS), function
            assert {pattern for pattern in read if "." not in pattern} <= {*names}, function
            for name in names:
                assert (PROJECT / "workflow" / "reference" / f"{name}.csv").is_file(), name


SETTINGS = {"matthiesen2023_settings"}  # which is no table, and is read by the run as well


def published_by(function: str) -> set[str]:
    """Patterns of the names with which `published` is called in what a function reaches."""
    found = set()
    for file, names in fingerprint.definitions(function).items():
        tree = ast.parse((PROJECT / "workflow" / file).read_text()) if file.endswith(".py") else ast.Module([], [])
        for part in (of for of in tree.body if getattr(of, "name", "") in names):
            calls = [of for of in ast.walk(part) if isinstance(of, ast.Call) and ast.unparse(of.func) == "published"]
            found |= {"".join(map(_pattern_in(file), of.args[0].values)) for of in calls}
    return found


def _pattern_in(file: str) -> Callable[[ast.expr], str]:
    """What gives the text of a part of an f-string: of `SOURCE` that of the module, of other values any."""
    module = importlib.import_module(file.removesuffix(".py").replace("/", "."))

    def pattern(part: ast.expr) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        return str(module.SOURCE) if ast.unparse(part.value) == "SOURCE" else ".+"

    return pattern


def test_what_is_said_of_a_figure_is_part_of_the_page_alone(whole: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    config = merged(TINY, {"coherence": COHERENCE})
    before = graph(config, "coherence")
    figures = [replace(figure, caption="Something else.", title="1 other") for figure in coherence.STUDY.figures]
    monkeypatch.setattr(Coherence, "study", replace(coherence.STUDY, figures=tuple(figures)))
    assert rules(stale(before, graph(config, "coherence"))) == {"explore_coherence"}


# What each pipeline trains by, from a recipe of 40 epochs with drops by 10 after 20 and 30, rewound to epoch 25.
RECIPES = {
    SCRATCH: (40, [20, 30], 1.0),
    AT_INIT: (40, [20, 30], 1.0),
    FINE_TUNING: (15, [], 0.01),
    "rate_rewinding": (15, [20, 30], 1.0),  # of the whole schedule, of which 25 epochs are before
    WEIGHT_REWINDING: (15, [20, 30], 1.0),
}


@pytest.mark.parametrize("pipeline", PIPELINES)
def test_a_pipeline_trains_by_its_recipe(pipeline: str) -> None:
    changes = {"recipe": {"epochs": 40, "decay_epochs": [20, 30]}, "retraining": {"rewind_epoch": 25}}
    plan = Plan(merged(merged(TINY, changes), {"models": {"small_resnet": {"pipelines": [pipeline]}}}))
    variant = plan.networks.pruned("small_resnet")[0]
    training = plan.networks.training(variant)
    found = training.recipe.epochs, list(training.recipe.decay_epochs), pytest.approx(training.rate_factor)
    assert found == RECIPES[pipeline]
    assert training.recipe.plain().get("schedule_begin") == (25 if "rewinding" in pipeline else None)
    stated = plan.hpspace.give_verdict.settings({})["parts"]
    told = {one.name: 0.01 for one in plan.networks.pruned("small_resnet")}
    assert stated == ({"small_resnet": pytest.approx(told)} if pipeline == FINE_TUNING else {})


def test_what_pruning_reads_and_where_a_network_lies() -> None:
    changes = {"models": {"small_resnet": {"pipelines": PIPELINES, "methods": ["uniform"], "criteria": ["norm"]}}}
    plan = Plan(merged(merged(TINY, changes), {"retraining": {"steps": 2, "rewind_epoch": 1}}))
    models = "results/tiny/models/small_resnet"
    dense = f"{models}/dense"
    whole = {"architecture": f"{dense}/architecture.json", "weights": f"{dense}/weights.safetensors"}
    read = plan.networks.pruned_from
    assert read({"model": "small_resnet", "pruned": "uniform-0.4"}) == whole
    tuned = {"model": "small_resnet", "pruned": "uniform_fine_tuning-0.4"}
    assert read({**tuned, "step": "1"}) == whole
    assert read(tuned) == {
        "architecture": f"{models}/uniform_fine_tuning-0.4/step-1/architecture.json",
        "weights": f"{models}/uniform_fine_tuning-0.4/step-1/retrained.safetensors",
        "dense": f"{dense}/architecture.json",
        "previous": f"{models}/uniform_fine_tuning-0.4/step-1/pruning.json",
    }
    rewound = {"model": "small_resnet", "pruned": "uniform_weight_rewinding-0.4", "step": "1"}
    assert read(rewound) == {**whole, "rewound": f"{dense}/epoch-1/weights.safetensors"}
    initial = {"model": "small_resnet", "pruned": "uniform_prune_at_init-0.4", "seed": "1"}
    assert read(initial) == {"architecture": f"{dense}/architecture.json"}
    seed = {"model": "small_resnet", "variant": "uniform_prune_at_init-0.4", "seed": "1"}
    assert plan.networks.to_train(seed)["start"] == f"{models}/uniform_prune_at_init-0.4/seed-1/weights.safetensors"


def test_each_step_of_iterative_pruning_keeps_the_same_part() -> None:
    changes = {"models": {"small_resnet": {"pipelines": [FINE_TUNING]}}, "retraining": {"steps": 3}}
    plan = Plan(merged(TINY, changes))
    where = {"model": "small_resnet", "pruned": "uniform_fine_tuning-0.4"}
    ratios = [plan.networks.prune_values({**where, "step": str(step)})["ratio"] for step in (1, 2, 3)]
    assert ratios == pytest.approx([0.4 ** (1 / 3), 0.4 ** (2 / 3), 0.4])


def test_passes_of_a_tile_are_three_times_its_images_and_its_validations() -> None:
    plan = Plan(merged(TINY, {"recipe": {"epochs": 10, "evaluate_every": 4, "decay_epochs": [5]}}))
    job = next(iter(plan.hpspace.train_tile.all_jobs()))
    assert job.networks == 9
    assert job.passes({"train": 100, "validation": 30}) == 9 * (3 * 10 * 100 + 3 * 30)


def test_passes_of_networks_count_the_lanes_that_run() -> None:
    """Three networks are trained one after the other on a CPU, eleven points of a line in an array of sixteen."""
    lines = {"experiments": ["sizes", "prediction", "cycles"], "surface": {"line": 11}}
    changes = {"seeds": [0, 1], "mechanism": {**lines, "prediction": {"sets": 5}, "sizes": [1.0, 0.5, 0.25]}}
    sizes = {"train": 100, "validation": 30}
    for device, sets, line in (("cpu", 16, 16), ("cuda", 5, 11), ("auto", 5, 11)):  # of `auto`, on a GPU
        study = Plan(merged(TINY, {**changes, "engine": {"device": device}})).companions["mechanism"]
        jobs = {step.name: step.all_jobs() for step in study.measured}
        passes = {name: of_step[0].passes(sizes) for name, of_step in jobs.items() if of_step}
        recipe = TINY["recipe"]
        training = 3 * recipe["epochs"] * 100 + 30 * -(-recipe["epochs"] // recipe.get("evaluate_every", 1))
        assert passes["pretrain_sizes"] == 3 * training
        assert passes["retrain_channel_sets"] == 2 * sets * training
        assert passes["connect_seeds"] == 3 * line * 100 * 3  # as they are and matched; combined, and recomputed before


def test_memory_is_that_of_whole_arrays_of_networks_and_of_a_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = Plan(merged(TINY, {"engine": {"threads": 2}, "stochastic": {**STOCHASTIC, "lanes": 16}}))
    job = plan.hpspace.train_tile.all_jobs()[0]
    assert plan.memory(job) == 16 * 4 * (4 * 19_130 + TINY["recipe"]["batch_size"] * 38 * 8**2)  # what is known
    dense = tmp_path / plan.run.dense.format(model="small_resnet")
    dense.parent.mkdir(parents=True)
    dense.write_text('{"parameters": 1000, "activations": 50}')
    of_one = 4 * (4 * 1000 + TINY["recipe"]["batch_size"] * 50)
    assert plan.memory(job) == 16 * of_one  # nine cells, and seven idle lanes
    assert plan.memory(plan.networks.train_dense.all_jobs()[0]) == of_one
    search = plan.companions["stochastic"].search.all_jobs()[0]  # type: ignore[attr-defined]
    assert search.networks > 32
    assert plan.memory(search) == 2 * 16 * of_one  # an array on each of two cores


@pytest.mark.parametrize(
    "engine",
    [
        {"precision": "tf32", "micro_batch": 8},
        {"precision": "bfloat16"},
        {"precision": "float64"},
        {"precision": "float32", "micro_batch": 1000},
    ],
)
@pytest.mark.parametrize(
    ("model", "data", "pixels"), [("small_resnet", "digits", 8), ("resnet20", "fashion_mnist", 28)]
)
def test_plan_tells_the_memory_that_is_foreseen_before_a_launch(
    model: str, data: str, pixels: int, engine: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for what autograd keeps, which plan takes for what layers give: within a quarter of it."""
    monkeypatch.chdir(tmp_path)
    arrays = {"device": "cuda", "strategy": "graphed", "lanes": 9, **engine}
    plan = Plan(
        merged(TINY, {"models": {model: TINY["models"]["small_resnet"]}, "engine": arrays, "data": {"name": data}})
    )
    architecture = Architecture(model, (1, pixels, pixels), 10)
    network = build(architecture)
    numbers = {
        "parameters": count_parameters(network),
        "activations": count_activations(network, architecture.input_shape),
    }
    dense = tmp_path / plan.run.dense.format(model=model)
    dense.parent.mkdir(parents=True)
    dense.write_text(json.dumps(numbers))
    told = plan.memory(next(job for job in plan.hpspace.train_tile.all_jobs() if job.model == model))
    launched = Engine("cuda", "graphed", 9, precision=engine["precision"], micro_batch=engine.get("micro_batch"))
    batch_size, needs = TINY["recipe"]["batch_size"], Needs.of(architecture)
    assert told == pytest.approx(needs.foreseen_bytes(launched, batch_size), rel=0.25)
    exact = replace(needs, kept_bytes=4 * numbers["activations"]).foreseen_bytes(launched, batch_size)
    assert told == exact


def test_run_times_follow_from_the_network_and_grow_with_the_attempt(tmp_path: Path) -> None:
    changes = {"cluster": {"teraflops": 1.0, "startup_minutes": 4, "longest_hours": 1}}
    plan = Plan(merged(TINY, changes))
    step = plan.hpspace.train_tile
    wildcards = next(iter(step.jobs()))
    (tmp_path / "a.json").write_text('{"flops": 10000000000}')
    (tmp_path / "d.json").write_text('{"n_train": 100, "n_validation": 300}')

    class Input:
        architecture, data = tmp_path / "a.json", tmp_path / "d.json"

    passes = Job(step, wildcards).passes({"train": 100, "validation": 300})
    minutes = plan.minutes(step)
    for attempt in (1, 2):
        exact = attempt * (4 + passes * 1e10 / 60e12)
        assert exact <= minutes(wildcards, Input, attempt) < exact + 1
    assert minutes(wildcards, Input, 99) == 60
    Input.architecture.write_text("{")
    assert minutes(wildcards, Input, 1) == 4


# Rules.

SMK = [PROJECT / "Snakefile", *sorted((PROJECT / "workflow" / "rules").glob("*.smk"))]
DIRECTIVE = re.compile(r"^(use rule|rule|checkpoint|module|configfile|include|report|wildcard_constraints|on\w+)\b.*:?")


def python_of(path: Path) -> list[str]:
    """The lines of Python of a file of rules: neither blank, comment nor docstring, and in no rule."""
    found, inside = [], None
    text = re.sub(r'^"""(?:.|\n)*?"""', "", path.read_text())
    for line in text.splitlines():
        indent = len(line) - len(line.lstrip())
        if not line.strip() or line.strip().startswith("#"):
            continue
        if inside is not None and indent > inside:
            continue
        inside = None
        if DIRECTIVE.match(line.strip()):
            inside = indent
            continue
        found.append(line)
    return found


def test_rules_are_thin() -> None:
    lines = {path.name: python_of(path) for path in SMK}
    assert sum(map(len, lines.values())) <= 150, {name: len(of) for name, of in lines.items()}
    for path in SMK:
        for match in re.finditer(r"^( *)def \w+.*\n((?:\1 .*\n|\n)*)", path.read_text(), flags=re.M):
            body = [line for line in match.group(2).splitlines() if line.strip()]
            assert len(body) <= 10, f"{path.name}: {match.group(0).splitlines()[0]}"


def test_all_targets_stand_in_the_snakefile() -> None:
    lines = SMK[0].read_text().splitlines()
    targets = lines[lines.index(next(line for line in lines if line.startswith("# Targets."))) :]
    assert len(targets) <= 75  # a screen
    for name in ("all", "check", "export", "plan", "status", "watch", "explain", "accept", "suggest", "answer"):
        assert re.search(rf'^rule {name}:|"{name}"', "\n".join(targets), flags=re.M), name
    for path in SMK[1:]:
        for block in re.split(r"^(?=(?:use )?rule |checkpoint )", path.read_text(), flags=re.M)[1:]:
            assert "output:" in block, f"{path.name}: {block.splitlines()[0]} makes nothing"


def test_companion_studies_train_by_graphs_where_the_config_names_them() -> None:
    run = Plan(merged(TINY, {"engine": {"device": "cuda", "strategy": "graphed"}}), 2).run
    assert run.lanes(8) == {**run.engine(), "lanes": 8}
    assert [Plan(TINY, 2).run.lanes(lanes)["strategy"] for lanes in (8, 1)] == ["fused", "serial"]


@pytest.mark.parametrize(("device", "measured"), [("cuda", True), ("auto", False), ("cpu", False)])
def test_companion_studies_run_networks_together_as_was_measured_on_gpus(device: str, measured: bool) -> None:
    """A job that holds several networks reads the choice for the dense network of its model; no other job does."""
    engine = {"device": device, "strategy": "auto", "lanes": None}
    changes = {"engine": engine, "stochastic": STOCHASTIC, "coherence": COHERENCE, "mechanism": {}}
    plan = Plan(merged(TINY, changes), 2)
    seen = Counter[bool]()
    for job in (job for study in plan.companions.values() for step in study.measured for job in step.all_jobs()):
        settings, read = job.step.settings(job.wildcards), job.step.reads(job.wildcards)
        together = settings.get("engine", {}).get("strategy") in {"fused", "vmap"} and job.model in plan.run.models
        seen[together] += 1
        chosen = f"results/tiny/models/{job.model}/dense/strategy.json"
        assert read.get("companion") == (chosen if together and measured else None), job
        assert not measured or not together or chosen in {made.result for made in plan.networks.calibrate.all_jobs()}
    assert min(seen[True], seen[False]) > 0
