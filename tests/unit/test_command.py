"""The command `prunescape`: what it hands to Snakemake, and the first config that it writes."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from snakemake.cli import parse_args

from prunescape import command
from prunescape.config.messages import shown
from prunescape.plan.plan import Plan


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["prunescape"])
    return tmp_path


def told(*words: str) -> str:
    """The message with which a command ends."""
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    return str(ended.value)


def handed_over(name: str, *words: str) -> list[str]:
    line = command.snakemake(name, words)
    return line[line.index("-m") + 2 :] if "-m" in line else line[1:]


def test_snakemake_gets_workflow_config_and_all_that_the_default_profile_says(folder: Path) -> None:
    (folder / "prunescape.yaml").write_text("run: mine\n")
    line = handed_over("check", "--cores", "1", "-n")
    assert line[0] == "check"  # before all options, as the workflow looks for it
    _, ours = parse_args(line)
    profile = command.PROFILE.parent
    _, plain = parse_args(["check", "--workflow-profile", str(profile), "--cores", "1", "-n"])
    differing = {name for name, value in vars(plain).items() if vars(ours)[name] != value}
    differing.discard("max_jobs_per_timespan")  # an object, which is equal to itself alone
    assert differing == {"snakefile", "configfile", "workflow_profile"}
    assert Path(ours.snakefile) == command.PROJECT / "Snakefile"
    assert [str(path) for path in ours.configfile] == ["prunescape.yaml"]


def test_a_profile_of_the_users_own_is_read_in_the_usual_way(folder: Path) -> None:
    (folder / "a.yaml").write_text("run: a\n")
    line = handed_over("run", "mechanism", "a.yaml", "--profile", "profiles/slurm")
    assert line[0] == "mechanism"
    assert "--workflow-profile" not in line
    assert line[-4:] == ["--configfile", "a.yaml", "--profile", str(command.PROJECT / "profiles" / "slurm")]
    assert handed_over("plan", "--configfile", "b.yaml")[-2:] == ["--configfile", "b.yaml"]


NO_ZERO = "the lattice is logarithmic and has no zero"


def test_mistakes_are_one_line() -> None:
    assert "`prunescape init` writes one" in told("plan")
    assert told("plan", "a.yaml") == "prunescape: a.yaml: no such file"
    assert told("mine.pt").startswith("prunescape: mine.pt: no command; there are init, ")
    for mistyped, meant in {"chek": "check", "statsu": "status", "explian": "explain", "verdikt": "verdict"}.items():
        assert told(mistyped).startswith(f"prunescape: {mistyped}: no command; did you mean {meant}? there are init, ")
    assert told("init", "--nonsense").startswith("prunescape: unrecognized arguments: --nonsense")
    assert told("init", "--data", "nowhere").startswith("prunescape: nowhere: no folder, and none of digits")
    assert told("init", "--weight-decay", "0").endswith(
        "is 0.0; write a number above 0; the lattice is logarithmic and has no zero"
    )
    assert told("init", "sub/a.yaml") == "prunescape: sub: no such folder; make it first"
    assert told("init", "a.txt") == "prunescape: a.txt: is no name of a config; let it end in .yaml"
    assert told("init", "--network", "resnet57").startswith("config: models.resnet57: unknown model")
    for name in ("a: b", "1st", "a/b", "", "x" * 51):
        assert told("init", "--network", "nets:build", "--name", name) == (
            f"prunescape: --name: is {shown(name)}; use letters, digits, '_' and '-', and begin with a letter"
        )
    assert told("init", "--name", "mine") == (
        "prunescape: --name: a network of the catalogue keeps its own, small_resnet; leave it out"
    )
    assert told("init", "--weights", "gone.pt").startswith("config: models.small_resnet.weights: gone.pt: no such file")
    assert not list(Path().iterdir())


@pytest.mark.parametrize("name", ["check", "plan", "run"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run: own\ndata:\n\tname: digits\n", "config: prunescape.yaml: no YAML in line 3"),
        ("run: own\ngrid: {size: [5, 5\n", "config: prunescape.yaml: no YAML in line 3"),
        ("run: own\nrun: other\n", "config: prunescape.yaml: 'run' is given in line 1 and again in line 2"),
        ("", "prunescape: prunescape.yaml: has no lines 'key: value'; `prunescape init another.yaml` writes some"),
        ("run:own\n", "prunescape: prunescape.yaml: has no lines 'key: value'"),
        ("- run: own\n", "prunescape: prunescape.yaml: has no lines 'key: value'"),
    ],
)
def test_what_is_no_config_is_told_with_its_line(folder: Path, name: str, text: str, words: str) -> None:
    """Snakemake would say that it is neither JSON nor YAML, and not where."""
    (folder / "prunescape.yaml").write_text(text)
    said = told(name)
    assert said.startswith(words)
    assert "\n" not in said


def test_answer_and_pages_are_those_of_the_config(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "prunescape.yaml").write_text("run: mine\n")
    assert told("verdict").startswith("prunescape: results/mine/hpspace/verdict.txt is not there yet")
    assert told("site").startswith("prunescape: results/mine has no pages yet")
    for path, text in (("hpspace/verdict.txt", "keep\n"), ("mechanism/claims.txt", "holds\n"), ("index.html", "")):
        file = folder / "results" / "mine" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    command.main(["verdict"])
    command.main(["verdict", "mechanism", "prunescape.yaml"])
    command.main(["verdict", "mechanism", "--configfile=prunescape.yaml"])
    command.main(["site"])
    assert capsys.readouterr().out == f"keep\nholds\nholds\nfile://{folder}/results/mine/index.html\n"
    assert told("verdict", "--json") == "prunescape: --json: prunescape verdict takes a study and a config"
    assert told("site", "mechanism") == "prunescape: mechanism: prunescape site takes a config and --open"


def test_a_first_config_is_read_as_it_was_meant(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["init"])
    text = (folder / "prunescape.yaml").read_text()
    assert "PUT THOSE HERE THAT YOU TRAIN WITH (these are a guess)" in text
    command.main(["init", "half.yaml", "--learning-rate", "0.2"])
    assert "THAT YOU TRAIN WITH (the weight decay is a guess)" in (folder / "half.yaml").read_text()
    assert Plan(yaml.safe_load(text)).run.config.data.name == "digits"
    assert "prunescape check, then" in capsys.readouterr().out
    assert told("init") == "prunescape: prunescape.yaml: is there already; name another file, or remove it"


def test_a_first_config_for_images_and_a_network_of_ones_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, count in (("train", 3), ("validation", 2)):
        for name in ("a cat", "dog"):
            place = folder / "my birds" / split / name
            place.mkdir(parents=True)
            for index in range(count):
                Image.fromarray(np.zeros((70, 100, 3), "uint8")).save(place / f"{index}.png")
    (folder / "nets.py").write_text("def build(num_classes, in_channels):\n    ...\n")
    (folder / "mine.pt").touch()
    monkeypatch.syspath_prepend(folder)
    words = ["--network", "nets:build", "--data", "my birds", "--weights", "mine.pt", "--learning-rate", "0.05"]
    command.main(["init", "no.yaml", *words, "--weight-decay", "1e-5", "--name", "mynet"])
    config = Plan(yaml.safe_load((folder / "no.yaml").read_text())).run.config
    assert (config.run, config.data.name, config.data.directory, config.data.image_size) == (
        "no",
        "image_folder",
        "my birds",
        64,
    )
    model = config.models["mynet"]
    assert (model.import_, model.weights, model.learning_rate, model.weight_decay) == (
        "nets:build",
        "mine.pt",
        0.05,
        1e-5,
    )
    assert list(model.pipelines) == ["fine_tuning"]


def test_a_wheel_has_what_the_workflow_reads() -> None:
    """Every file beside which the Snakefile looks for something, and the packages that it needs."""
    import tomllib

    project = tomllib.loads((command.PROJECT / "pyproject.toml").read_text())
    taken = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert all(to == f"prunescape_workflow/{of}" and (command.PROJECT / of).exists() for of, to in taken.items())
    assert {"Snakefile", "config.yaml", "workflow", "profiles", "envs", "config", "pyproject.toml"} <= set(taken)
    texts = [path.read_text() for path in (command.PROJECT / "workflow" / "prunescape").rglob("*.py")]
    texts += [
        (command.PROJECT / "config.yaml").read_text(),
        *map(Path.read_text, (command.PROJECT / "config").iterdir()),
    ]
    assert {page.relative_to(command.PROJECT).as_posix() for page in (command.PROJECT / "docs").glob("*.md")} <= set(
        taken
    )
    assert {page for text in texts for page in re.findall(r"docs/[\w-]+\.md", text)} <= set(taken)
    assert (command.PROJECT / "envs" / "prunescape.pth").read_text() == "prunescape_workflow/workflow\n"
    assert project["project"]["scripts"]["prunescape"] == "prunescape.command:main"


def test_a_reader_who_leaves_early_is_no_error() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "from prunescape.command import main; main([])"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(command.PROJECT / "workflow")},
    )  # fmt: skip
    child.stdout.close()
    assert child.stderr.read() == b""
    child.wait()


def test_help_of_a_command_runs_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a folder without a config, where every command would end in a mistake."""
    for name in [*command.TARGETS, "verdict", "site"]:
        for option in ("--help", "-h"):
            command.main([name, option])
            said = capsys.readouterr().out
            assert said.startswith(f"usage: prunescape {name} ")
            assert command.known()[name] in said
    command.main(["verdict", "mechanism", "--help"])
    assert "STUDY: hpspace, stochastic, mechanism, coherence." in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        command.main(["init", "--help"])
    assert ended.value.code == 0
    assert not list(folder.iterdir())


def test_profiles_of_the_workflow_are_found_from_any_folder(folder: Path) -> None:
    (folder / "prunescape.yaml").write_text("run: mine\n")
    slurm = str(command.PROJECT / "profiles" / "slurm")
    assert handed_over("run", "--profile", "profiles/slurm", "-n")[-3:] == ["--profile", slurm, "-n"]
    assert handed_over("run", "--profile=profiles/slurm/")[-1] == f"--profile={slurm}"
    assert handed_over("run", "--workflow-profile", "profiles/lsf")[-1] == str(command.PROJECT / "profiles" / "lsf")
    assert handed_over("run", "--profile", "profiles/none")[-1] == "profiles/none"
    assert handed_over("run", "--profile", "slurm")[-1] == "slurm"  # of the user's own, where Snakemake looks for them
    (folder / "profiles" / "slurm").mkdir(parents=True)
    assert handed_over("run", "--profile", "profiles/slurm")[-1] == "profiles/slurm"


def test_a_folder_with_a_first_config_can_be_moved(folder: Path) -> None:
    (folder / "here").mkdir()
    command.main(["init", "here/a.yaml"])
    command.main(["init", "here/b.yaml"])
    moved = (folder / "here").rename(folder / "there")
    text = (moved / "a.yaml").read_text()
    assert not re.search(r"(?<!\w)/\w+/", text.replace("results/<run>/", ""))  # no path of this machine
    named = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert named
    ours = command.PROJECT / "config" / "config.schema.json"
    assert (moved / named[1]).read_bytes() == ours.read_bytes()
