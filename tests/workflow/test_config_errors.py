"""What a user sees who makes a mistake: one clear line, exit status 1, no traceback, before any job."""

import json
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import PROJECT, TINY, copy_project, draw_classes, merged, planned, snakemake, write_config

from project_copy import completed

pytestmark = pytest.mark.workflow
# By preset: its target, and how many jobs of a rule that has.
PRESETS = {
    "thesis_cifar10": ("hpspace", "train_tile", 2 * 5 * 9),
    "thesis_imagenet": ("hpspace", "train_tile", 2 * 9),
    "fashion_mnist": ("hpspace", "train_tile", 9),
    "vit_digits": ("hpspace", "train_tile", 3),
    "vit_cifar10": ("hpspace", "train_tile", 2 * 50),
    "digits_light": ("hpspace", "train_tile", 2),
    "avendano2025_cifar10": ("stochastic", "pretrain", 3 * (3 + 5)),
    "avendano2025_cifar100": ("stochastic", "pretrain", 3 * (3 + 5)),
    "fashion_mnist_stochastic": ("stochastic", "pretrain", 2 + 8),
    "mechanism2021": ("mechanism", "pretrain_sizes", 2 * 3),
    "mechanism2021_long": ("mechanism", "pretrain_sizes", 2),
    "fashion_mnist_mechanism": ("mechanism", "pretrain_sizes", 5),
    "yauney2024": ("coherence", "train_run", 2 * 3 * 5),
    "yauney2024_vit": ("coherence", "train_run", 3 * 3),
    "fashion_mnist_coherence": ("coherence", "train_run", 5 * 4),
}
ONE_A_STUDY = {"thesis_cifar10", "avendano2025_cifar10", "mechanism2021", "yauney2024"}


def test_a_target_that_does_not_exist_is_told_with_the_nearest_one(project: Callable[..., Path]) -> None:
    folder = project(TINY)
    for words in (["hpspac"], ["-n", "--cores", "1", "hpspac"]):
        output = snakemake(folder, *words, status=1)
        assert "prunescape: hpspac: no target; did you mean hpspace? there are all, hpspace, " in output
        assert "MissingRule" not in output


def test_mistakes_in_the_config_are_lines_not_tracebacks(project: Callable[..., Path]) -> None:
    folder = project(merged(TINY, {"recipe": {"epoch": 3}, "models": {"resnet57": {}}}))
    output = snakemake(folder, status=1)
    assert "did you mean 'epochs'" in output
    assert "did you mean 'resnet56'" in output
    write_config(folder, TINY)
    output = snakemake(folder, "plan", "config.yaml", status=1)  # not the plan of another config without a word
    assert "prunescape: config.yaml: no study of this config" in output
    assert "--configfile config.yaml" in output
    assert not (folder / "results").exists()


def test_a_file_given_on_the_command_line_is_read_as_strictly(project: Callable[..., Path]) -> None:
    """Snakemake has read it then, where the last of two keys wins and an alias costs nothing."""
    folder = project(TINY)
    text = (folder / "config.yaml").read_text()
    aliases = "".join(f"  - &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))
    for given, words in (
        (f"run: first\n{text}", "'run' is given in line 1 and again in line"),
        (f"{text}more:\n  - &a0 [{', '.join('x' * 10)}]\n{aliases}", "values once its aliases are written out"),
        (f"{text}__use_yte__: true\n", "__use_yte__: would run code out of the config; remove it"),
    ):
        (folder / "given.yaml").write_text(given)
        for arguments in ([], ["--configfile", "given.yaml"]):
            write_config(folder, TINY)
            if not arguments:
                (folder / "config.yaml").write_text(given)
            output = snakemake(folder, "-n", *arguments, status=1)
            assert words in output
    (folder / "given.json").write_text(json.dumps(TINY, indent="\t"))
    assert "train_dense" in snakemake(folder, "-n", "--configfile", "given.json")


def test_a_config_calls_networks_and_nothing_else(project: Callable[..., Path]) -> None:
    folder = project()
    (folder / "nets.py").write_text("import os\n")
    prior = TINY["models"]["small_resnet"]
    for target, words in (
        ("os:system", "config: models.mine.import: os: is of Python itself"),
        ("nets:os.system", "config: models.mine.import: nets:os.system: comes from os"),
    ):
        network = prior | {"import": target, "kwargs": {"command": "touch called"}}
        write_config(folder, merged(TINY, {"models": {"mine": network}}))
        output = snakemake(folder, "check", status=1)
        assert words in output
    assert not (folder / "results").exists()
    (folder / "nets.py").write_text("import os\nbuild = os.system\n")  # seen by the job, before it calls anything
    network = prior | {"import": "nets:build", "kwargs": {"command": "touch called"}}
    write_config(folder, merged(TINY, {"models": {"mine": network}}))
    assert "is a builtin_function_or_method, and must be a function or a class" in snakemake(folder, "check", status=1)
    assert not (folder / "called").exists()


def test_below_a_folder_with_a_space_the_environment_is_elsewhere(tmp_path: Path) -> None:
    """Snakemake leaves the path of Python unquoted; where Python is elsewhere, all is well."""
    folder, cache = copy_project(tmp_path / "My Project" / "prunescape"), tmp_path / "cache"
    write_config(folder, TINY)
    shutil.copy(PROJECT / "Makefile", folder)
    (folder / "requirements.txt").touch()
    make = ["make", ".venv/bin/prunescape", f"PYTHON={sys.executable}"]
    result = completed(make, folder, XDG_CACHE_HOME=str(tmp_path / "no such"), HOME="/no such")
    assert "neither this folder nor the home folder is without; move this folder" in result.stdout
    assert not (folder / ".venv").exists()
    assert completed(make, folder, XDG_CACHE_HOME=str(cache)).returncode == 0
    assert (folder / ".venv").resolve().parent == cache / "prunescape"
    # What pip would install there, and the command that it would write.
    python = (folder / ".venv").resolve() / "bin/python"
    packages = next(python.parents[1].glob("lib/python*/site-packages"))
    (packages / "these.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    command = python.with_name("snakemake")
    command.write_text(f"#!{python}\nfrom snakemake.cli import main\nmain()\n")
    command.chmod(0o755)
    result = completed([".venv/bin/prunescape", "run", "-n"], folder)
    assert "train_tile" in result.stdout
    assert result.returncode == 0
    (cache / "prunescape" / "of another folder").mkdir()
    assert completed(["make", "clean", make[-1]], folder, XDG_CACHE_HOME=str(cache)).returncode == 0
    assert [path.name for path in (cache / "prunescape").iterdir()] == ["of another folder"]
    assert not (folder / ".venv").is_symlink()


def test_a_python_that_snakemake_cannot_start_is_told_before_anything_runs(tmp_path: Path) -> None:
    folder = copy_project(tmp_path / "My Project" / "prunescape")
    write_config(folder, TINY)
    assert "train_tile" in snakemake(folder, "-n")
    (folder / ".venv").symlink_to(sys.prefix)
    result = completed([".venv/bin/python", "-m", "snakemake", "-n"], folder)
    assert result.returncode == 1
    assert "Traceback" not in result.stdout
    python = folder / ".venv/bin/python"
    assert f"prunescape: {python}: Snakemake starts no Python whose path has a space" in result.stdout
    other = folder.rename(tmp_path / "{braces}")
    assert f"prunescape: {other}: Snakemake finds no scripts in a folder" in snakemake(other, "-n", status=1)


def test_missing_data_is_one_line_before_any_training(project: Callable[..., Path]) -> None:
    changes = {"data": {"name": "cifar10", "directory": "nowhere", "download": False}}
    changes["models"] = {"small_resnet": {"learning_rate": 0.1, "weight_decay": 0.0005}}
    folder = project(merged(TINY, changes))
    output = snakemake(folder, status=1)
    assert "nowhere" in output
    assert not list((folder / "results").rglob("*.safetensors"))


@pytest.mark.parametrize(
    "preset",
    [
        pytest.param(path.stem, marks=[] if path.stem in ONE_A_STUDY else [pytest.mark.full])
        for path in sorted((PROJECT / "workflow/studies").glob("*.yaml"))
    ],
)
def test_presets_pass_a_dry_run(preset: str, project: Callable[..., Path]) -> None:
    folder = project()
    target, rule, jobs = PRESETS[preset]
    plan = planned(folder, target, "--configfile", f"workflow/studies/{preset}.yaml")
    assert plan[rule] == jobs
    assert plan["prepare"] == 1


def test_images_too_small_for_a_model_are_found_before_any_job(project: Callable[..., Path]) -> None:
    folder = project(merged(TINY, {"models": {"resnet20": {**TINY["models"]["small_resnet"]}}}))
    output = snakemake(folder, "-n", status=1)
    assert "models.resnet20: needs images of at least 16 pixels, and those of digits have 8" in output


@pytest.mark.full
def test_runs_with_different_data_may_share_a_folder_of_prepared_data(copied: Path) -> None:
    write_config(copied, merged(TINY, {"run": "other", "data": {"prepared": "results/tiny/data"}}))
    assert "prepare" not in planned(copied)  # the same images: nothing to prepare
    write_config(copied, merged(TINY, {"run": "other", "data": {"prepared": "results/tiny/data", "train_size": 50}}))
    assert planned(copied)["prepare"] == 1


@pytest.mark.full
def test_a_change_to_the_users_images_prepares_them_again(project: Callable[..., Path], tmp_path: Path) -> None:
    folder = project()
    draw_classes(tmp_path / "store", classes=3, count=4, side=20)
    (tmp_path / "data").mkdir()
    for stored in (tmp_path / "store").iterdir():
        (tmp_path / "data" / stored.name).symlink_to(stored)
    data = {"name": "image_folder", "directory": str(tmp_path / "data"), "image_size": 16}
    write_config(folder, merged(TINY, {"data": {**data, "train_size": None, "validation_size": None}}))
    target = "describe_dense"
    snakemake(folder, "--until", target)
    assert planned(folder, "--until", target) == {}
    first, second = tmp_path / "store/n00000000/0.JPEG", tmp_path / "store/n00000001/0.JPEG"
    content, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(content)
    assert planned(folder, "--until", target) == {"prepare": 1, "describe_dense": 1}
    first.write_bytes(content)
    second.write_bytes(other)
    assert planned(folder, "--until", target) == {}
    shutil.copy(first, tmp_path / "store/n00000001/new.JPEG")
    assert planned(folder, "--until", target) == {"prepare": 1, "describe_dense": 1}
    write_config(folder, merged(TINY, {"data": {**data, "train_size": None, "validation_size": None, "flip": False}}))
    assert planned(folder, "--until", target) == {"prepare": 1, "describe_dense": 1}
