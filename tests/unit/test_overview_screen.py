"""What `snakemake` shows while it runs: lines without a terminal, bars on one, and the causes of failures last."""

import io
import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from finished import seal_results
from overview_samples import made, page, write
from project_copy import PROJECT
from prunescape.overview.screen import HANDLER, Screen, take_over
from prunescape.overview.stages import Stages
from prunescape.overview.study import Study


def record(event: str | None = None, text: str | None = None, level: int = logging.INFO, **extra: Any) -> Any:
    """A log record as Snakemake makes it."""
    made = logging.LogRecord("snakemake.logging", level, "", 0, text, None, None)
    made.__dict__.update({"event": event, **extra} if event else extra)
    return made


def job(number: int, rule: str, **wildcards: str) -> Any:
    return record("job_info", jobid=number, rule_name=rule, wildcards=wildcards)


def lines(records: list[Any], quiet: bool = False, plan: Any = None) -> list[str]:
    """What a run shows where there is no terminal, without the times."""
    out, before = io.StringIO(), logging.StreamHandler(io.StringIO())
    screen = Screen(before, out, plan, quiet=quiet)
    for one in [record("workflow_started"), *records]:
        screen.handle(one)
    screen.close()
    return [re.sub(r"^\d\d:\d\d:\d\d ", "", line) for line in out.getvalue().splitlines()]


RUN = [
    record(None, "Building DAG of jobs..."),
    record(None, "Using shell: /usr/bin/bash"),
    record("run_info", "Job stats:\n...", stats={"train_tile": 1, "all": 1, "total": 2}),
    record("job_started", "Execute 1 jobs..."),
    job(1, "train_tile", model="mynet", variant="uniform-0.5", seed="0"),
    record("shellcmd", "Shell command: None"),
    record(None, "Job 1 has been submitted with SLURM jobid 7 (log: x.log)."),
]


def test_a_job_is_a_line() -> None:
    done = [record("job_finished", "Finished", job_id=1), record("progress", done=1, total=2)]
    last = [job(0, "all"), record("job_finished", job_id=0), record("progress", done=2, total=2)]
    shown = lines([*RUN, *done, *last, record(None, "Elapsed time: 0:00:01"), record(None, "something new")])
    assert shown == [
        "2 jobs to do",
        "1/2  train_tile mynet uniform-0.5 seed 0, 0 s",
        "2 of 2 jobs (100%) done in 0 min 0 s",
        "something new",
    ]


def test_of_a_failed_job_its_log_is_named_and_no_more() -> None:
    failed = record("job_error", level=logging.ERROR, jobid=1, rule_name="train_tile", log=["logs/x.log"])
    status = "RuleException:\nCalledProcessError in file x:\nCommand 'y' returned non-zero exit status 1."
    end = record("error", "WorkflowError:\nAt least one job did not complete successfully.", logging.ERROR)
    before = record("error", "WorkflowError:\nwhat is wrong", logging.ERROR)
    shown = lines(
        [
            *RUN,
            before,
            record("error", status, logging.ERROR),
            failed,
            end,
            record(None, "Trying to restart job 1.", logging.WARNING),
        ]
    )
    assert shown[1:] == [
        "WorkflowError:",
        "what is wrong",
        "failed: train_tile mynet uniform-0.5 seed 0; its log: logs/x.log",
        "Trying to restart job 1.",
    ]


def test_names_and_messages_cannot_rule_the_terminal() -> None:
    shown = lines([*RUN, record(None, "\x1b[2J", logging.WARNING)])
    assert shown[1:] == [r"\x1b[2J"]


def test_a_check_shows_its_answer_alone_also_when_nothing_is_to_be_done(tmp_path: Path) -> None:
    assert lines(RUN, quiet=True) == []
    log = tmp_path / "mynet.log"
    log.write_text("12:00:00 one\n12:00:01 mynet can be trained and pruned: 3 channels\n12:00:01 finished after 1 s\n")
    checks = SimpleNamespace(all_jobs=lambda: [SimpleNamespace(log=str(log), model="mynet")])
    plan = SimpleNamespace(networks=SimpleNamespace(check=checks))
    nothing = record(None, "Nothing to be done (all requested files are present and up to date).")
    assert lines([nothing], quiet=True, plan=plan) == ["prunescape: mynet can be trained and pruned: 3 channels"]
    log.unlink()
    assert lines([nothing], quiet=True, plan=plan) == [nothing.msg]


@pytest.mark.parametrize("wish", [None, "dryrun", "verbose", "printshellcmds", "quiet", "plugin"])
def test_it_stands_in_for_snakemakes_own_display_where_nothing_else_is_wished(wish: str | None) -> None:
    names = ("dryrun", "verbose", "debug_dag", "printshellcmds", "quiet", "stdout", "nocolor")
    workflow = SimpleNamespace(output_settings=SimpleNamespace(**{name: name == wish for name in names}))
    logger, own = logging.getLogger("snakemake.logging"), logging.StreamHandler(io.StringIO())
    own.name = "a plugin's" if wish == "plugin" else HANDLER
    before, logger.handlers = logger.handlers, [own]
    try:
        take_over(workflow, None)
        (now,) = logger.handlers
        assert isinstance(now, Screen) == (wish is None)
        if wish is None:  # until a run begins, as of `snakemake --list`, all is shown as ever
            now.handle(record(None, "Available rules:"))
            assert own.stream.getvalue() == "Available rules:\n"
    finally:
        logger.handlers = before


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.chdir(tmp_path)
    return made({"extension": {"rounds": 0}, "stochastic": {"held_out": 25}})


def test_stages_count_networks_and_tell_the_best(study: Study) -> None:
    first = next(training for training in study.trainings() if training.row.variant == "dense")
    write(first.result, "i,top1\n0,40.0\n1,61.25\n")
    seal_results(study.plan, first.result)
    stages = Stages(study.plan, {"train_tile": 6, "sweep": 0, "total": 6})
    stages.look()
    text = page([stages.page(3, 17, ["train_tile resnet20 dense"], 125.0)])
    rows = {row.split("  ")[0]: row for row in text.splitlines()}
    cells = sum(training.cells for training in study.trainings() if training.row in study.variants)
    assert f"9 of {cells} trained" in rows["exploration"]
    assert "best 61.2 % (resnet20 dense)" in rows["exploration"]
    assert "0 of 1 trained" in rows["networks to prune"]
    assert "to come" in rows["confirmation"]
    assert "3 of 17" in rows["all jobs"]
    assert "2 min 5 s" in rows["all jobs"]
    assert "now: train_tile resnet20 dense" in text
    assert "pretrain" not in text
    companion = Stages(study.plan, {"pretrain": 1})
    companion.look()
    text = page([companion.page(0, 1, [], 0.0)])
    assert "exploration" not in text
    pretrain = next(step for step in study.plan.companions["stochastic"].measured if step.name == "pretrain")
    networks = sum(job.networks for job in pretrain.all_jobs())
    assert re.search(rf"^pretrain .* 0 of {networks} trained", text, flags=re.MULTILINE)
    assert "to go" not in text
    job = pretrain.all_jobs()[0]
    write(Path(job.result), "")
    write(Path(job.result).with_name("history.csv"), "epoch,top1\n0,10.0\n1,71.5\n")
    seal_results(study.plan, Path(job.result))
    companion._next = 0.0
    companion.look()
    text = page([companion.page(1, 2, [], 9.0)])
    assert re.search(r"^pretrain .* best 71.5 % \(resnet20\)", text, flags=re.MULTILINE)
    assert re.search(r"at this rate about \d+ \w+ to go", text)


ON_A_TERMINAL = """
import logging, os, subprocess, sys
from test_overview_screen import RUN, made, record
from prunescape.overview.screen import Screen
screen = Screen(logging.NullHandler(), sys.stderr, made({}).plan)
for one in [record("workflow_started"), *RUN]:
    screen.handle(one)
assert not os.isatty(2)
subprocess.run([sys.executable, "-c", "import sys; print('a job speaks', file=sys.stderr)"])
print("so do I")
screen.handle(record(None, "a warning", logging.WARNING))
screen.end()
assert os.isatty(2)
print("the cause", file=sys.stderr)
"""


def test_on_a_terminal_bars_stand_below_whatever_is_printed(tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": f"{PROJECT}/workflow:{PROJECT}/tests"}
    environment["PYTHONPATH"] += f":{PROJECT}/tests/unit"
    shown = bytearray()

    def read() -> None:
        try:
            while part := os.read(ours, 4096):
                shown.extend(part)
        except OSError:  # the terminal has closed
            return

    reader = threading.Thread(target=read)
    reader.start()
    command = [sys.executable, "-c", ON_A_TERMINAL]
    process = subprocess.run(command, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment, timeout=60)
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", shown.decode())
    assert process.returncode == 0, text
    for said in ("a job speaks", "so do I", "a warning", "networks to prune", "now: train_tile mynet uniform-0.5"):
        assert said in text
    assert text.rstrip().endswith("the cause")
    assert shown.rindex(b"\x1b[?25h") < shown.rindex(b"the cause")  # the cursor is back
