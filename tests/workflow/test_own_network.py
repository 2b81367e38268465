"""The tutorial on own networks, executed as it is written; and what an edit of one's own code runs again."""

import json
import re
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml
from conftest import PROJECT, copy_project, planned, snakemake

from documented import run
from project_copy import completed
from prunescape.io.tensors import load_tensors

pytestmark = [pytest.mark.workflow, pytest.mark.full]
PAGE = (PROJECT / "docs" / "own-network.md").read_text()


def test_the_tutorial(tmp_path: Path) -> None:
    """All of it in one test, so that no two workers run the tutorial."""
    folder = tutorial(copy_project(tmp_path / "project"))
    for check in CHECKS:
        check(folder)


def tutorial(folder: Path) -> Path:
    """A project in which each command of the page has been run, on one cell of the large grid."""
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    script = "\n".join(blocks)
    shorter = {
        "size: [3, 3], tile: [3, 3]": "size: [1, 1], tile: [1, 1]",
        "epochs: 4, ": "epochs: 2, ",
        "decay_epochs: [3]": "decay_epochs: [1]",
        "extension: {rounds: 0}": "extension: {rounds: 0}\nfigures: {formats: [png], dpi: 50}",
        "verdict: {confirm: 5}\nengine": "verdict: {confirm: null}\nengine",  # the large network explores only
    }
    for old, new in shorter.items():
        assert old in script
        script = script.replace(old, new)
    run(folder, script)
    return folder


def the_tutorial_gives_a_verdict(done: Path) -> None:
    results = done / "results" / "shapes" / "hpspace"
    assert "my_resnet" in (results / "verdict.txt").read_text()
    assert len(pd.read_csv(results / "cells.csv")) == 2
    ratios = pd.read_csv(results / "pruning.csv").set_index("variant")["achieved_ratio"]
    assert ratios["uniform-0.5"] == pytest.approx(0.5, abs=0.005)


def the_check_says_how_a_network_is_trained(done: Path) -> None:
    own, resnet = (
        json.loads((done / "results" / run / "models" / model / "dense/check.json").read_text())
        for run, model in (("own", "mynet"), ("shapes", "my_resnet"))
    )
    assert own["alone"] is None  # by vmap, as PReLU has no version for lanes
    assert own["groups"] == {"1.expand": 32, "2.expand": 32}
    assert own["weights"]["top1"] > 90
    assert resnet["weights"] is None
    assert resnet["alone"] is None
    assert len(resnet["groups"]) == 8


def the_example_of_the_readme_is_checked_and_planned(done: Path) -> None:
    """With the images, the network and the weights of the tutorial."""
    text = (PROJECT / "README.md").read_text().partition("## Prune what you have trained")[2]
    command = re.search(r"^prunescape (init [^#]*?)$(?<!\\)", text.replace("\\\n", ""), flags=re.MULTILINE)[1]
    given = {"own.yaml": "readme.yaml", "/data/birds": "my_study/shapes", "mynet.pt": "my_study/mine.pt"}
    words = [given.get(word, word) for word in command.split()]
    result = completed([sys.executable, "-m", "prunescape.command", *words], done, PYTHONPATH=str(done / "workflow"))
    assert "then prunescape plan readme.yaml" in result.stdout
    config = yaml.safe_load((done / "readme.yaml").read_text())
    assert config["models"]["mynet"]["import"] == "mypackage.nets:build"
    config["models"]["mynet"]["kwargs"] = {"width": 16}
    config["pruning"] = {"tolerance_points": 2}
    (done / "readme.yaml").write_text(yaml.safe_dump(config))
    said = snakemake(done, "check", "--configfile", "readme.yaml")
    assert re.search(r"my_study/mine.pt fits, head included, and gives 9\d\.\d\d % on 120 validation images", said)
    again = planned(done, "--configfile", "readme.yaml")
    assert again["train_dense"] == 1
    assert again["prune"] == 1


def an_edit_of_own_code_reruns_its_network(done: Path) -> None:
    nets, config = done / "mypackage" / "nets.py", ["check", "--configfile", "my_study/own.yaml"]
    text = nets.read_text()
    assert planned(done, *config) == {}
    nets.write_text(text + "\n# a comment\n")
    assert planned(done, *config) == {}
    nets.write_text(text.replace("padding=1)", "padding=1, bias=False)", 1))
    assert set(planned(done, *config)) == {"check", "describe_dense", "check_network"}
    assert planned(done, "--configfile", "my_study/shapes.yaml") == {}
    nets.write_text(text)


def pruning_starts_from_the_given_weights(done: Path) -> None:
    """They are what is pruned; other ones make all that starts from them again, and no training from scratch."""
    given, config = done / "my_study/mine.pt", ["--configfile", "my_study/own.yaml"]
    history = pd.read_csv(done / "results/own/models/mynet/dense/history.csv")
    assert history["epoch"].tolist() == [0]
    assert history["top1"][0] > 90
    dense = load_tensors(done / "results/own/models/mynet/dense/weights.safetensors")[0]
    state = torch.load(given, weights_only=True)
    assert all(torch.equal(tensor, dense[name]) for name, tensor in state.items())
    assert planned(done, *config) == {}
    torch.save({name: tensor + 0.001 * (name == "0.bias") for name, tensor in state.items()}, given)
    again = planned(done, *config)
    assert {"check_network", "train_dense", "prune"} <= set(again)
    torch.save(state, given)
    assert planned(done, *config) == {}


def an_edit_of_how_networks_are_imported_reruns_them(done: Path) -> None:
    """Also after `check`, which makes the same architecture again."""
    builder, config = done / "workflow/prunescape/models/external.py", ["--configfile", "my_study/shapes.yaml"]
    text = builder.read_text()
    builder.write_text(text + "\nCHANGED = True\n")
    snakemake(done, "check", *config)
    again = planned(done, *config)
    assert again["train_dense"] == 1
    assert again["train_tile"] == 2
    builder.write_text(text)


def mistakes_are_told_before_anything_runs(done: Path) -> None:
    config = yaml.safe_load((done / "my_study/own.yaml").read_text())
    config["run"] = "mistaken"
    path = done / "mistaken.yaml"

    def told(*arguments: str, **changes) -> str:
        network = config["models"]["mynet"] | {"weights": None} | changes
        path.write_text(yaml.safe_dump({**config, "models": {"mynet": network}}))
        return snakemake(done, *arguments, "--configfile", "mistaken.yaml", status=1)

    assert "config: models.mynet.import: no module 'mypackage.missing'" in told(
        "-n", **{"import": "mypackage.missing:build"}
    )
    assert "did you mean 'build'?" in told("-n", **{"import": "mypackage.nets:bild"})
    assert "cannot be made with num_classes=2, in_channels=3, depth=3" in told("check", kwargs={"depth": 3})
    assert "ratio 0.01 cannot be reached" in told("check", ratios=[0.01])
    flipped = "class Flip(nn.Module):\n    def forward(self, x):\n        return x.flip(1)\n"
    text = (done / "mypackage" / "nets.py").read_text().replace("self.act = nn.PReLU()", "self.act = Flip()")
    (done / "mypackage" / "flipped.py").write_text(text.replace("class Block", f"{flipped}\n\nclass Block"))
    said = told(**{"import": "mypackage.flipped:build"})  # nothing is trained before it is checked
    assert "mypackage.flipped:build: without some channels of 1.expand it does not compute" in said
    assert not (done / "results/mistaken/models/mynet/dense/weights.safetensors").exists()


CHECKS = [
    the_tutorial_gives_a_verdict,
    the_check_says_how_a_network_is_trained,
    the_example_of_the_readme_is_checked_and_planned,
    an_edit_of_own_code_reruns_its_network,
    pruning_starts_from_the_given_weights,
    an_edit_of_how_networks_are_imported_reruns_them,
    mistakes_are_told_before_anything_runs,
]
