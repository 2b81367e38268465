"""What the documentation says of adding a criterion, a data set and a study: its diffs are applied, and used."""

from pathlib import Path

import pytest

from documented import ADDITIONS, BLOCKS, SHELL, SHORTER, commands, prepared, run

pytestmark = [pytest.mark.workflow, pytest.mark.full]


def test_additions_are_complete(tmp_path: Path) -> None:
    """Each diff is applied, and what its page says is run; they keep the house's style and rules."""
    folder = prepared(tmp_path / "project")
    run(folder, "git init --quiet")
    printed = {}
    for name in ADDITIONS:
        (diff,) = [block.text for block in BLOCKS if block.page == f"docs/{name}" and block.language == "diff"]
        shell = [block.text for block in BLOCKS if block.page == f"docs/{name}" and block.language in SHELL]
        for command in [command for text in shell for command in commands(text)]:
            if command.startswith("git apply "):
                (folder / command.split()[-1]).write_text(diff)
            printed[command] = run(folder, SHORTER.get(command, command))
    assert printed["cat results/stripes/hpspace/verdict.txt"].count("small_resnet,") == 2
    assert printed["cat results/rounding/rounding/accuracies.csv"].startswith("model,bits,top1\nsmall_resnet,2,")
    names = {"deviation", "stripes", "rounding.bits"}
    assert {name for name in names if name in (folder / "docs/config.md").read_text()} == names
    run(folder, "ruff check --no-cache . && ruff format --no-cache --check .")
    run(folder, "snakefmt --check Snakefile workflow/rules")
    run(folder, "PYTHONPATH=workflow python -m pytest -q tests/unit/test_fingerprint.py -k rooms")
