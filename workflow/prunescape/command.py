"""The command `prunescape`: the targets of the workflow by name, in a folder that has a config and nothing else.

It hands over to Snakemake, which does what plain `snakemake` does with this workflow, this config and the default
profile: the same jobs, the same results. Light: no torch, no pandas.
"""

import argparse
import os
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from prunescape.config.messages import nearest
from prunescape.config.reading import read
from prunescape.config.schema import for_editors
from prunescape.errors import UserError
from prunescape.first_config import SCHEMA, FirstConfig, written
from prunescape.studies.registry import STUDIES

PROJECT = Path(__file__).resolve().parents[2]
PROFILE = PROJECT / "profiles" / "default" / "config.yaml"  # of a run that names none
CONFIG = "prunescape.yaml"
TARGETS = {
    "check": "whether the networks can be trained and pruned, before anything is spent",
    "plan": "what it will cost: jobs, FLOPs, hours, disk",
    "run": "do it; with names of companion studies, those",
    "status": "what is finished, running, failed; time to go",
    "watch": "the same, live",
    "explain": "which results are of other settings or code, and what is different",
    "accept": "take results as they are",
    "suggest": "the next trainings of a loop of your own",
    "confirm": "those with fresh seeds that an answer needs",
    "answer": "the verdict from a table of your own trainings",
    "export": "each network at the setting that the verdict says, as ONNX and torch.export",
    "trackers": "all trainings, for TensorBoard, Weights & Biases and MLflow",
    "provenance": "what the results were made with, as an RO-Crate",
}
OWN = {
    "init": "write a commented config for a network and images",
    "verdict": "the answer; with the name of a companion study, its claims",
    "site": "where the pages of the results are; --open shows them",
}
WHICH_CONFIG = (
    f"The config is {CONFIG} in this folder, or the files that are named; a later one changes an earlier one."
)
OPTIONS_OF_PROFILE = ("--profile", "--workflow-profile")
OPTIONS_OF_CONFIG = ("--configfile", "--configfiles")


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        _main(words)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads has seen enough, as `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except UserError as error:
        sys.exit(
            "\n".join(line if line.startswith("config:") else f"prunescape: {line}" for line in str(error).split("\n"))
        )


def _main(words: list[str]) -> None:
    if not words or words[0] in ("-h", "--help", "help"):
        print(usage())
        return
    name, *rest = words
    if name in known() and {"-h", "--help"} & set(rest) and name != "init":  # whose parser tells of each option
        print(usage_of(name))
    elif name == "init":
        init(rest)
    elif name == "verdict":
        print(verdict(rest))
    elif name == "site":
        site(rest)
    elif name in TARGETS:
        command = snakemake(name, rest)
        os.execv(command[0], command)
    else:
        near = nearest(name, [*OWN, *TARGETS])
        hint = f"did you mean {near}? " if near else ""
        raise UserError(f"{name}: no command; {hint}there are {', '.join([*OWN, *TARGETS])}")


def known() -> dict[str, str]:
    """The meanings of the commands by name, in the order in which a user comes to need them."""
    return {"init": OWN["init"], **TARGETS, "verdict": OWN["verdict"], "site": OWN["site"]}


def usage() -> str:
    """The commands, a line each."""
    lines = [f"  {name:<11} {text}" for name, text in known().items()]
    return "\n".join(
        [
            "usage: prunescape COMMAND [CONFIG.yaml ...] [options of snakemake]",
            "",
            *lines,
            "",
            WHICH_CONFIG,
            "`prunescape COMMAND --help` tells what a command takes.",
        ]
    )


def usage_of(name: str) -> str:
    """The help of a command: its meaning and its arguments."""
    options = {"verdict": "", "site": " [--open]"}.get(name, " [options of snakemake]")
    study = " [STUDY]" if name in ("run", "plan", "status", "watch", "verdict") else ""
    lines = [
        f"usage: prunescape {name}{study} [CONFIG.yaml ...]{options}",
        "",
        f"{name}: {known()[name]}",
        "",
        WHICH_CONFIG,
    ]
    if study:
        lines.append(f"STUDY: {', '.join(study.name for study in STUDIES)}.")
    if name in TARGETS:
        lines.append("Options: `-n` tells what would be done, `--cores 4` limits it; `snakemake --help` has all.")
    return "\n".join(lines)


def configs(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The config files of a command line, and the other words; those of Snakemake's own option stay there.

    Raises:
        UserError: there is none, neither named nor in this folder.
    """
    if any(word.split("=")[0] in OPTIONS_OF_CONFIG for word in words):
        return [], list(words)
    files = [word for word in words if word.endswith((".yaml", ".yml", ".json")) and not word.startswith("-")]
    if not files and Path(CONFIG).is_file():
        files = [CONFIG]
    elif not files and Path.cwd() != PROJECT:
        raise UserError(f"there is no {CONFIG} in this folder; `prunescape init` writes one, or name a config")
    missing = [file for file in files if not Path(file).is_file()]
    if missing:
        raise UserError(f"{missing[0]}: no such file")
    return files, [word for word in words if word not in files]


def snakemake(name: str, words: Sequence[str]) -> list[str]:
    """The command that does what a target of ours says.

    The default profile's settings are given one by one, as Snakemake says a line of each profile that it reads.

    Raises:
        UserError: there is no config, or it is no YAML, or none of keys.
    """
    files, others = configs(words)
    for file in files:  # Snakemake does not tell the line of a mistake
        if not isinstance(read(file), Mapping):
            raise UserError(f"{file}: has no lines 'key: value'; `prunescape init another.yaml` writes some")
    targets = [] if name == "run" else [name]
    while others and not others[0].startswith("-"):
        targets.append(others.pop(0))
    program = Path(sys.executable).with_name("snakemake")
    start = [str(program)] if program.is_file() else [sys.executable, "-m", "snakemake"]
    by_profile = any(word.split("=")[0] in OPTIONS_OF_PROFILE for word in others)
    settings = [] if by_profile else ["--workflow-profile", "none", *_settings(PROFILE)]
    config = ["--configfile", *files] if files else []
    return [*start, *targets, "--snakefile", str(PROJECT / "Snakefile"), *settings, *config, *_with_profiles(others)]


def _with_profiles(words: Sequence[str]) -> list[str]:
    """Options of Snakemake, where profiles that this folder does not have are those of the workflow."""
    found: list[str] = []
    for word in words:
        option, equals, name = word.rpartition("=")
        is_profile = option in OPTIONS_OF_PROFILE if equals else bool(found) and found[-1] in OPTIONS_OF_PROFILE
        ours = PROJECT / name
        is_ours = is_profile and name.startswith("profiles/") and not Path(name).exists() and ours.is_dir()
        found.append(f"{option}{equals}{ours}" if is_ours else word)
    return found


def _settings(profile: Path) -> list[str]:
    """A profile's settings as options."""
    options: list[str] = []
    for name, value in read(profile).items():
        if value is not False:
            values = [] if value is True else value if isinstance(value, list) else [value]
            options += [f"--{name}", *map(str, values)]
    return options


def results(words: Sequence[str]) -> tuple[Path, list[str]]:
    """The folder of the results of a config, and the other words of a command line."""
    given = [word.partition("=")[2] if word.split("=")[0] in OPTIONS_OF_CONFIG else word for word in words]
    files, others = configs([word for word in given if word])
    run = ""
    for file in files or [str(PROJECT / "config.yaml")]:
        value = read(file)
        run = str(value.get("run", run)) if isinstance(value, Mapping) else run
    return Path("results") / run, others


def verdict(words: Sequence[str]) -> str:
    """The text of a study's answer.

    Raises:
        UserError: there is none yet.
    """
    folder, others = results(words)
    _refuse([word for word in others if word.startswith("-")] + others[1:], "verdict")
    study = others[0] if others else "hpspace"
    path = folder / study / ("verdict.txt" if study == "hpspace" else "claims.txt")
    if not path.is_file():
        raise UserError(f"{path} is not there yet; `prunescape run` makes it, `prunescape status` tells how far it is")
    return path.read_text(encoding="utf-8").rstrip("\n")


def site(words: Sequence[str]) -> None:
    """Print the addresses of the pages of a run; open the first one where that is asked for.

    Raises:
        UserError: there are none yet.
    """
    folder, others = results(words)
    _refuse([word for word in others if word != "--open"], "site")
    pages = [page for page in [folder / "index.html", *sorted(folder.glob("*/explore.html"))] if page.is_file()]
    if not pages:
        raise UserError(f"{folder} has no pages yet; `prunescape run` makes them")
    for page in pages:
        print(page.resolve().as_uri())
    if "--open" in others:
        webbrowser.open(pages[0].resolve().as_uri())


def _refuse(words: Sequence[str], name: str) -> None:
    """Refuse what a command does not know.

    Raises:
        UserError: there is any.
    """
    if words:
        known = "a study and a config" if name == "verdict" else "a config and --open"
        raise UserError(f"{words[0]}: prunescape {name} takes {known}")


def init(words: Sequence[str]) -> None:
    """Write a first config.

    Raises:
        UserError: the file is there already, or its network or images are not.
    """
    parser = _Parser(prog="prunescape init", description="Write a commented config for a network and images.")
    parser.add_argument("file", nargs="?", default=CONFIG, help=f"default: {CONFIG}")
    parser.add_argument("--network", default="small_resnet", help="a name, or package.module:function of your own")
    parser.add_argument("--name", help="what the network is called in results; default: its own, or the function's")
    parser.add_argument("--data", default="digits", help="a name, a folder with a folder a class, or one of .npy files")
    parser.add_argument("--weights", help="a file with the trained network's weights, which are pruned")
    parser.add_argument("--learning-rate", type=float, help="the one that you train with")
    parser.add_argument("--weight-decay", type=float, help="likewise")
    asked = parser.parse_args(list(words))
    path = Path(asked.file)
    if path.exists():
        raise UserError(f"{path}: is there already; name another file, or remove it")
    if path.suffix not in (".yaml", ".yml"):
        raise UserError(f"{path}: is no name of a config; let it end in .yaml")
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path.parent}: no such folder; make it first")
    run = path.resolve().parent.name if path.stem == "prunescape" else path.stem
    settings = (asked.learning_rate, asked.weight_decay, asked.name)
    first = FirstConfig(run, asked.network, asked.data, asked.weights, *settings)
    path.write_text(written(first), encoding="utf-8")
    path.with_name(SCHEMA).write_text(for_editors(), encoding="utf-8")
    named = "" if path.name == CONFIG else f" {path}"
    print(f"wrote {path}, and {SCHEMA} by which editors complete it; {PROJECT}/docs/config.md has all keys")
    print(f"Next: prunescape check{named}, then prunescape plan{named}, then prunescape run{named}")


class _Parser(argparse.ArgumentParser):
    """A parser whose mistakes are one line, as all of ours are."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message}; see {self.prog} --help")


if __name__ == "__main__":
    main()
