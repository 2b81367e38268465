"""Exploration and confirmation of a plan, run in the order of Snakemake's checkpoints; accuracies are drawn."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from finished import seal_job, seal_results
from prunescape.data.randomness import LEAST_SEED
from prunescape.hpspace.cells import all_batches, batches_apart, collect, collect_batches, of_grid, read_cells
from prunescape.hpspace.confirmation import plan_round
from prunescape.hpspace.explored import choose_batches
from prunescape.hpspace.lattice import Pair
from prunescape.hpspace.questions import Rules
from prunescape.io.files import read_csv, read_json, read_tables, write_csv, write_json
from prunescape.io.schema import expect
from prunescape.plan.plan import Plan
from prunescape.plan.results import Results
from prunescape.plan.step import Job

CHANCE = 10.0
RISE = 5.0  # of all trainings from half of the epochs on, in points
Accuracy = Callable[[str, int, int, int], float]  # of a training: variant, i, j, seed


def noisy(variant: str, i: int, j: int, seed: int) -> float:
    """Accuracies that differ by a few points: (1, 0) is best for the dense network, and (0, -1) for others."""
    random = np.random.default_rng([seed, i + 99, j + 99, len(variant)])
    di, dj = (i - 1, j) if variant == "dense" else (i, j + 1)
    best = 2.0 * (di == dj == 0 and seed >= LEAST_SEED)  # clear among finalists, and no peak at the border of the grid
    return 80.0 + best - 0.8 * (di**2 + dj**2) + 1.5 * float(random.standard_normal())


def go_on(config: Mapping[str, Any], accuracy: Accuracy = noisy) -> list[str]:
    """Run the jobs that are not right, as far as the rounds say; the results of those that ran.

    Args:
        config: as a file has it.
        accuracy: of a training.
    """
    expect([])  # tables here have not all columns
    plan, ran = Plan(config, 2), list[str]()
    confirmation, hpspace = plan.hpspace.confirmation, plan.hpspace
    tiles = hpspace.train_tile.all_jobs()
    seal_results(plan, *(str(path) for job in tiles for path in job.step.reads(job.wildcards).values()))

    def do(job: Job, make: Callable[[Job], None]) -> None:
        results = Results(plan)
        if results.reasons(job.result):
            make(job)
            seal_job(results, job)
            ran.append(job.result)

    for model in plan.run.models:
        for number in range((hpspace.rounds if plan.run.is_adaptive else 0) + 1):
            if number:
                do(Job(hpspace.choose_batches, {"model": model, "round": str(number)}), _choose_batches)
            for where in hpspace.tile_jobs(model, number):
                do(Job(hpspace.train_tile, where), lambda job: _train_tile(plan, job, accuracy))
    (cells,) = [job for step in hpspace.analyses for job in step.all_jobs() if job.result.endswith("hpspace/cells.csv")]
    do(cells, _collect)
    for model in plan.run.models:
        for number in range(confirmation.last + 1):
            for where in confirmation.jobs_of(model, number):
                do(Job(confirmation.train, where), lambda job: _train_again(plan, job, accuracy))
            do(Job(confirmation.plan, {"model": model, "round": str(number)}), _plan_round)
    return ran


def _labels(plan: Plan, job: Job) -> dict[str, Any]:
    variant = plan.networks.variant(job.model, job.wildcards["variant"])
    return {"model": job.model, **variant.row()}


def _train_tile(plan: Plan, job: Job, accuracy: Accuracy) -> None:
    seed, name = int(job.wildcards["seed"]), job.wildcards["variant"]
    cells = plan.hpspace.cells(job.wildcards)
    rows = [
        {**_labels(plan, job), "seed": seed, **cell, "top1": accuracy(name, cell["i"], cell["j"], seed)}
        for cell in cells
    ]
    if "stops" in job.identity:
        rows = [{**row, "diverged": False, "most": np.nan} for row in rows]
        epochs = [{**row, "epoch": 4} for row in rows]
        early = [{**row, "epoch": 2, "top1": row["top1"] - RISE} for row in rows]  # of which all gain as much
        for row, of in zip(rows, early, strict=True):
            if of["top1"] < job.identity["stops"]["below"].get("2", -np.inf):
                row |= {"top1": of["top1"], "most": job.identity["stops"]["most"]}
        write_csv(job.outputs["history"], pd.DataFrame([*early, *epochs]))
    write_csv(job.result, pd.DataFrame(rows))


def _choose_batches(job: Job) -> None:
    read, settings = job.step.reads(job.wildcards), job.identity
    plans = read["plans"]
    before = {name: of["trainings"] for name, of in read_json(plans[-1]).items()} if plans else None
    cells = of_grid(collect_batches(list(read["tables"])))
    going_on = [name for name in settings["networks"] if before is None or before.get(name)]
    rules = [settings[name] for name in ("seeds", "batch", "worth", "rungs")]
    histories = read_tables(read["histories"])
    write_json(job.result, choose_batches(cells, histories, settings["space"], going_on, *rules))


def _collect(job: Job) -> None:
    tables = job.step.reads(job.wildcards)["tables"]
    if job.identity["function"].endswith(":collected"):  # of tiles
        write_csv(job.result, collect(tables).assign(diverged=False))
        return
    gathered = batches_apart(collect_batches(tables))
    for name, table in gathered.items():
        write_csv(job.outputs[name], table)


def _train_again(plan: Plan, job: Job, accuracy: Accuracy) -> None:
    trainings = plan.hpspace.confirmation.trainings(job.wildcards)
    labels, name = _labels(plan, job) | {"stage": job.wildcards["stage"]}, job.wildcards["variant"]
    rows = [
        {**labels, "setting": setting, "seed": of["seed"], **cell, "diverged": False}
        | {"top1": accuracy(name, cell["i"], cell["j"], of["seed"])}
        for of in trainings
        for setting, cell in of["settings"].items()
    ]
    write_csv(job.outputs["table"], pd.DataFrame(rows))
    # All trainings are right on the same images, so that these say nothing.
    images = [
        {**labels, "setting": setting, "image": 0, "right": len(trainings)} for setting in trainings[0]["settings"]
    ]
    write_csv(job.outputs["images"], pd.DataFrame(images))


def _plan_round(job: Job) -> None:
    read, settings = job.step.reads(job.wildcards), job.identity
    cells = read_cells(str(read["cells"]))
    if "stopped" in read:
        cells = all_batches(cells, of_grid(read_csv(str(read["stopped"]))))
    made = plan_round(
        int(job.wildcards["round"]),
        cells[cells["model"] == job.model],
        read_json(str(read["before"])) if "before" in read else {},
        read_tables(read["tables"]) if read.get("tables") else None,
        read_tables(read["images"]) if read.get("images") else None,
        CHANCE,
        Rules(**settings["rules"]),
        Path(job.result).parent,
        Pair.from_json(settings.get("axes")),
        settings.get("space"),
    )
    write_json(job.result, made)
