"""The plan of a run: every step of every study that its config has."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prunescape.config.reading import resolved
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.data.own_files import geometry
from prunescape.models.catalogue import CATALOGUE as MODELS
from prunescape.models.external_code import not_seen
from prunescape.plan.companion import Companion
from prunescape.plan.cost import NUMBERS, run_time_minutes
from prunescape.plan.export import Export
from prunescape.plan.hpspace import Hpspace
from prunescape.plan.identity import OWN
from prunescape.plan.network_checks import of_networks
from prunescape.plan.networks import Networks
from prunescape.plan.run import Run
from prunescape.plan.step import Job, Step, Wildcards
from prunescape.runtime.named import named
from prunescape.studies import registry
from prunescape.studies.study import Study
from prunescape.variant import PRUNED_NAME, VARIANT_NAME


def _planned(study: Study) -> Callable[[Run, Networks], Companion[Any]]:
    """The plan of a companion study: its own class, or what all have in common."""
    return named(study.plan) if study.plan else type(study.name.title(), (Companion,), {"study": study})


COMPANIONS = {study.name: _planned(study) for study in registry.COMPANIONS}


class Plan:
    """The plan of a run: its networks, its studies, and all their steps.

    Attributes:
        run: the config, and what follows from it for all studies.
        networks: the dense and pruned networks.
        hpspace: the main job.
        export: results for others.
        companions: the companion studies that the config has, by name.
    """

    def __init__(self, config: Mapping[str, Any], cores: int | None = None) -> None:
        """Make the plan of a config.

        Args:
            config: as it was read.
            cores: those that this process may use on this machine; None where that is not known.

        Raises:
            ConfigError: the config has mistakes; one line each.
        """
        self.run = Run(resolved(config, MODELS, DATA_SETS, of_networks), cores)
        self.networks = Networks(self.run)
        self.hpspace = Hpspace(self.run, self.networks)
        self.export = Export(self.run, self.hpspace)
        self.companions: dict[str, Companion] = {
            name: study(self.run, self.networks)
            for name, study in COMPANIONS.items()
            if getattr(self.run.config, name) is not None
        }

    @property
    def not_seen(self) -> list[str]:
        """Lines on what imported networks may depend on and their results do not see."""
        run = self.run
        return [
            f"models.{model}: {line}; name what the network reads in models.{model}.files"
            for model in filter(run.is_imported, run.models)
            for line in not_seen(run.source(model).removeprefix(OWN), run.files(model))
        ]

    @property
    def questions(self) -> dict[str, str]:
        """The questions of the companion studies that the config has, by their titles in the report."""
        return {of.study.title: of.study.question for of in self.companions.values()}

    @cached_property
    def schemas(self) -> list[dict[str, Any]]:
        """The columns that each table of the run must have when a job reads it."""
        return [schema for study in (self.hpspace, *self.companions.values()) for schema in study.schemas]

    @cached_property
    def constraints(self) -> dict[str, str]:
        """Regular expressions for the values of wildcards, by name."""
        numbers = dict.fromkeys(("seed", "step", "epoch", "round", "block"), r"\d+") | dict.fromkeys("ij", r"-?\d+")
        studies = {name: wanted for study in self.companions.values() for name, wanted in study.constraints.items()}
        return {
            "model": "|".join(map(re.escape, self.run.all_models)),
            "variant": VARIANT_NAME,
            "pruned": PRUNED_NAME,
            **numbers,
            "stage": r"(?:finalists|generation-\d+)-[0-9a-f]{8}",
            **studies,
        }

    @cached_property
    def prepare(self) -> Step:
        """The step that brings the data set into the form that all others read."""
        run = self.run
        arrays = {
            f"{split}_{part}": f"{run.data}/{split}_{part}.npy"
            for split in ("train", "validation")
            for part in ("images", "labels")
        }
        return run.step(
            "data",
            "prepare",
            {"meta": run.meta, **arrays},
            # A function, so that jobs on a cluster, which parse this too, need not look at the files.
            values=lambda _: {"content": run.content_settings(), "files": run.own_files},
            sources=run.preparing[1:],
            # It runs where Snakemake runs, so that compute nodes need no network.
            is_local=True,
            threads=(run.cores or 1) if run.data_set.module == "folders" else 1,
            # Where the files are found is no part of what they are.
            told=lambda: {key: value for key, value in run.config.data.plain().items() if key != "prepared"},
        )

    @property
    def main(self) -> list[str]:
        """Files that a plain run makes beside its tiles: networks, answers, what the tables mean, and the overview.

        Every file that docs/hpspace.md and datapackage.json name: Snakemake makes again only what a target asks for.
        """
        return [
            *self.networks.files,
            *self.hpspace.answers,
            self.index,
            *self.ledger.values(),
        ]

    @property
    def index(self) -> str:
        """The overview of the studies that a run has by now; written after every run, it asks for none of them."""
        return f"{self.run.results}/index.html"

    @property
    def ledger(self) -> dict[str, str]:
        """The claims of the studies that a run has by now, written with the overview."""
        return {"ledger": f"{self.run.results}/claims.csv", "claims": f"{self.run.results}/claims.json"}

    @property
    def measuring(self) -> list[Step]:
        """Steps that train or measure, or prepare that."""
        export = self.export
        steps = [self.prepare, *self.networks.measured, self.hpspace.train_tile, self.hpspace.confirmation.train]
        steps += [export.train_chosen, export.export_network, export.provenance]
        return [*steps, *(step for study in self.companions.values() for step in [*study.measured, *study.others])]

    @property
    def light(self) -> list[Step]:
        """Steps that make tables, claims, figures and pages."""
        steps = [*self.hpspace.light, self.export.choose_network, self.export.write_card, self.export.trackers]
        return [*steps, *(step for study in self.companions.values() for step in study.light)]

    @property
    def constrained(self) -> list[tuple[Step, dict[str, str], SimpleNamespace]]:
        """Steps whose jobs are known from the start, each with constraints of its wildcards and the script of its rule.

        The constraints are those beside the ones of all rules; the script is where a job has it, in its `params`.
        """
        steps = [*((step, {}) for step in self.measuring), *((step, step.constraints) for step in self.light)]
        return [(step, limits, SimpleNamespace(settings={"script": step.script})) for step, limits in steps]

    @property
    def steps(self) -> list[Step]:
        """The steps of all studies."""
        return [
            *self.measuring,
            self.hpspace.extend_grid,
            self.hpspace.choose_batches,
            self.hpspace.confirmation.plan,
            *self.light,
        ]

    def jobs(self) -> Iterator[Job]:
        """The known jobs of all steps."""
        for step in self.steps:
            yield from step.all_jobs()
        yield from self.hpspace.confirmation.prunings()

    def memory(self, job: Job) -> int | None:
        """Bytes that a job's networks take, by the dense one; None of an unknown one that is not described yet."""
        data = self.run.config.data
        try:
            dense = json.loads(Path(self.run.dense.format(model=job.model)).read_text(encoding="utf-8"))
            numbers = dense["parameters"], dense["activations"]
        except (OSError, ValueError, KeyError, TypeError):  # a damaged file is told by the job that reads it
            if job.model not in NUMBERS:
                return None
            parameters, by_pixel = NUMBERS[job.model]
            numbers = parameters, by_pixel * geometry(data.name, data.directory, data.image_size).crop ** 2
        return job.memory(*numbers, self.run.config)

    def resources(self, step: Step) -> dict[str, Any]:
        """The resources that the jobs of a step ask a cluster for.

        `cpus_per_task` says what `threads` says, as Snakemake cuts these down to the cores of the machine that it runs
        on itself.
        """
        asked = {"runtime": self.minutes(step) if step.passes else None, "cpus_per_task": step.cpus}
        return {name: value for name, value in asked.items() if value is not None}

    def minutes(self, step: Step) -> Callable[..., int]:
        """A function for Snakemake: the run time to ask a cluster for, by the FLOPs that a job will need."""

        def run_time(wildcards: Wildcards, input: Any, attempt: int) -> int:
            flops, sizes = _forward_flops(input)
            needed = flops * Job(step, wildcards).passes(sizes)  # type: ignore[arg-type]
            return run_time_minutes(round(needed), attempt, self.run.config.cluster)

        return run_time


def _forward_flops(input: Any) -> tuple[int, dict[str, int]]:
    """FLOPs of a forward pass of a job's network, and the images of each split.

    While the inputs are not there, Snakemake takes the error for "not known yet".
    """
    with open(input.architecture) as architecture, open(input.data) as data:  # noqa: PTH123 - Snakemake's own strings
        try:
            flops, meta = json.load(architecture)["flops"] or 0, json.load(data)
            return flops, {split: meta[f"n_{split}"] for split in ("train", "validation")}
        except (ValueError, KeyError, TypeError):  # damaged: the job that reads it will say so
            return 0, {"train": 0, "validation": 0}
