"""The tutorial on own networks, executed as it is written; and what an edit of one's own code runs again."""

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml
from conftest import PROJECT, copy_project, planned, snakemake

from documented import run

pytestmark = [pytest.mark.workflow, pytest.mark.full]
PAGE = (PROJECT / "docs" / "own-network.md").read_text()


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> Path:
    """A project in which each command of the page has been run, on one cell of the large grid."""
    folder = copy_project(tmp_path_factory.mktemp("own") / "project")
    blocks = re.findall(r"^```bash\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 5
    script = "\n".join(blocks)
    for old, new in (("size: [3, 3], tile: [3, 3]", "size: [1, 1], tile: [1, 1]"), ("epochs: 4", "epochs: 2")):
        assert old in script
        script = script.replace(old, new)
    script = script.replace("decay_epochs: [3]", "decay_epochs: [1]")
    run(folder, script)
    return folder


def test_the_tutorial_gives_a_verdict(done: Path) -> None:
    results = done / "results" / "shapes" / "hpspace"
    assert "my_resnet" in (results / "verdict.txt").read_text()
    assert len(pd.read_csv(results / "cells.csv")) == 2
    ratios = pd.read_csv(results / "pruning.csv").set_index("variant")["achieved_ratio"]
    assert ratios["uniform-0.5"] == pytest.approx(0.5, abs=0.005)


def test_the_check_says_how_a_network_is_trained(done: Path) -> None:
    own, resnet = (
        json.loads((done / "results" / run / "models" / model / "dense/check.json").read_text())
        for run, model in (("own", "mynet"), ("shapes", "my_resnet"))
    )
    assert "PReLU cannot be trained in lanes" in own["alone"]
    assert own["groups"] == {"1.expand": 32, "2.expand": 32}
    assert resnet["alone"] is None
    assert len(resnet["groups"]) == 8


def test_an_edit_of_own_code_reruns_its_network(done: Path) -> None:
    nets, config = done / "mypackage" / "nets.py", ["check", "--configfile", "my_study/own.yaml"]
    text = nets.read_text()
    assert planned(done, *config) == {}
    nets.write_text(text + "\n# a comment\n")
    assert planned(done, *config) == {}
    nets.write_text(text.replace("padding=1)", "padding=1, bias=False)", 1))
    assert set(planned(done, *config)) == {"check", "describe_dense", "check_network"}
    assert planned(done, "--configfile", "my_study/shapes.yaml") == {}
    nets.write_text(text)


def test_an_edit_of_how_networks_are_imported_reruns_them(done: Path) -> None:
    """Also after `check`, which makes the same architecture again."""
    builder, config = done / "workflow/prunescape/models/external.py", ["--configfile", "my_study/shapes.yaml"]
    text = builder.read_text()
    builder.write_text(text + "\nCHANGED = True\n")
    snakemake(done, "check", *config)
    again = planned(done, *config)
    assert again["train_dense"] == 1
    assert again["train_tile"] == 2
    builder.write_text(text)


def test_mistakes_are_told_before_anything_runs(done: Path) -> None:
    config = yaml.safe_load((done / "my_study/own.yaml").read_text())
    config["run"] = "mistaken"
    path = done / "mistaken.yaml"

    def told(*arguments: str, **changes) -> str:
        network = config["models"]["mynet"] | changes
        path.write_text(yaml.safe_dump({**config, "models": {"mynet": network}}))
        return snakemake(done, *arguments, "--configfile", "mistaken.yaml", status=1)

    assert "config: models.mynet.import: no module 'mypackage.missing'" in told(
        "-n", **{"import": "mypackage.missing:build"}
    )
    assert "did you mean 'build'?" in told("-n", **{"import": "mypackage.nets:bild"})
    assert "cannot be made with num_classes=10, in_channels=1, depth=3" in told(kwargs={"depth": 3})
    assert "ratio 0.01 cannot be reached" in told(ratios=[0.01])
    flipped = "class Flip(nn.Module):\n    def forward(self, x):\n        return x.flip(1)\n"
    text = (done / "mypackage" / "nets.py").read_text().replace("self.act = nn.PReLU()", "self.act = Flip()")
    (done / "mypackage" / "flipped.py").write_text(text.replace("class Block", f"{flipped}\n\nclass Block"))
    said = told(**{"import": "mypackage.flipped:build"})  # nothing is trained before it is checked
    assert "mypackage.flipped:build: without some channels of 1.expand it does not compute" in said
    assert not (done / "results/mistaken/models/mynet/dense/weights.safetensors").exists()
