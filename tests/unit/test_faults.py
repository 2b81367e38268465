"""Damage, full disks and odd clocks, where no Snakemake is needed; the others are in tests/workflow/test_faults.py."""

import errno
import json
import logging
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file

from data_samples import one_line, tiny_data
from project_copy import TINY, merged
from prunescape.data import prepared
from prunescape.data.prepared import load_prepared
from prunescape.errors import (
    GPU_FULL,
    REMEDIES,
    UserError,
    bring_to_present,
    check_spelling,
    check_writable,
    known,
    user_message,
)
from prunescape.hpspace.cells import collect
from prunescape.io import files
from prunescape.io.files import read_csv, read_json, write_csv, write_json, write_text
from prunescape.io.seals import seal
from prunescape.io.tensors import load_tensors, save_tensors
from prunescape.models.architecture import Architecture
from prunescape.models.build import build
from prunescape.models.weights import load_weights, save_weights
from prunescape.pages.run import before_run
from prunescape.plan.plan import Plan
from prunescape.runtime.logs import logged
from prunescape.training.checkpoint import Checkpoint

WORKFLOW = Path(files.__file__).parents[2]
TABLE = pd.DataFrame({"model": ["a", "b"], "top1": [91.25, 93.5]})


def flip(path: Path, position: int) -> None:
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)


def test_every_flipped_bit_and_truncation_of_a_table_is_found(tmp_path: Path) -> None:
    """Also at the end of a row, where what is left is a table, too."""
    path = tmp_path / "cells.csv"
    write_csv(path, TABLE)
    pd.testing.assert_frame_equal(read_csv(path), TABLE)
    good = path.read_bytes()
    for position in range(len(good)):
        flip(path, position)
        with one_line(str(path), f"snakemake --force {path}"):
            read_csv(path)
        with one_line(str(path), f"snakemake --force {path}"):
            collect([path])
        path.write_bytes(good[:position])
        with one_line(str(path), "damaged"):
            read_csv(path)
        path.write_bytes(good)
    read_csv(path)


def test_a_table_without_a_checksum_is_taken_as_it_is_if_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "cells.csv"
    TABLE.to_csv(path, index=False)
    assert len(read_csv(path)) == 2
    for content in (b"", b"a,b\n1\n1,2,3\n", b"\xff\xfe\x00"):
        path.write_bytes(content)
        with one_line(str(path), "no table", "snakemake --force"):
            read_csv(path)
    with one_line("gone.csv", "no such file"):
        read_csv(tmp_path / "gone.csv")


def test_checksums_are_those_of_sha256sum(tmp_path: Path) -> None:
    write_csv(tmp_path / "cells.csv", TABLE)
    command = ["sha256sum", "--check", "--quiet", seal("cells.csv").name]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


def test_every_flipped_bit_of_weights_is_found(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_tensors(path, {"a": torch.arange(6.0).reshape(2, 3), "b": torch.tensor(True)}, {"word": "x"})
    good = path.read_bytes()
    for position in range(len(good)):
        flip(path, position)
        with pytest.raises(UserError, match="damaged"):
            load_tensors(path)
        path.write_bytes(good[:position])
        with pytest.raises(UserError, match="damaged"):
            load_tensors(path)
        path.write_bytes(good)


def test_damaged_weights_of_a_network(tmp_path: Path) -> None:
    path, model = tmp_path / "weights.safetensors", build(Architecture("small_resnet", (1, 8, 8), 10), 0)
    save_weights(path, model.state_dict())
    load_weights(path, model)
    flip(path, -5)
    with one_line(str(path), "damaged", f"snakemake --force {path}"):
        load_weights(path, model)
    save_file(model.state_dict(), path)  # not ours: no checksum
    with one_line(str(path), "damaged"):
        load_weights(path, model)


@pytest.mark.parametrize("harm", [lambda path: flip(path, -1), lambda path: path.write_bytes(path.read_bytes()[:-9])])
def test_a_damaged_checkpoint_is_ignored_with_a_line(harm: Callable, tmp_path: Path, caplog) -> None:
    """Then training starts anew, which costs time, instead of going on from wrong numbers."""
    checkpoint = Checkpoint.of(tmp_path, "this training")
    checkpoint.save({"a": torch.ones(9)}, {"epoch": 3})
    found = checkpoint.load()
    assert found is not None
    assert found[1] == {"epoch": 3}
    harm(checkpoint.path)
    with caplog.at_level(logging.INFO, "prunescape"):
        assert checkpoint.load() is None
    assert "damaged" in caplog.text
    assert "ignored" in caplog.text


@pytest.mark.parametrize("name", ["train_images", "train_labels", "validation_images", "validation_labels"])
def test_a_flipped_bit_in_prepared_data_is_found(name: str, tmp_path: Path) -> None:
    tiny_data(tmp_path)
    path = tmp_path / f"{name}.npy"
    size = path.stat().st_size
    header = size - np.load(path).nbytes
    good = path.read_bytes()
    for position in [*range(0, header, 7), header, (header + size) // 2, size - 8]:
        flip(path, position)
        with one_line("meta.json", "prepare the data anew"):
            load_prepared(tmp_path / "meta.json")
        path.write_bytes(good)
    load_prepared(tmp_path / "meta.json")


def test_large_arrays_are_not_read_whole_by_every_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiny_data(tmp_path)
    flip(tmp_path / "train_images.npy", -1)
    monkeypatch.setattr(prepared, "VERIFIED_BYTES", 0)
    load_prepared(tmp_path / "meta.json")


def test_prepared_data_without_checksums_is_refused(tmp_path: Path) -> None:
    tiny_data(tmp_path)
    path = tmp_path / "meta.json"
    path.write_text(json.dumps({key: value for key, value in json.loads(path.read_text()).items() if key != "files"}))
    seal(path).unlink()
    with one_line(str(path), "has no checksum of", "prepare the data anew"):
        load_prepared(path)


WRITERS = {
    "table": lambda path: write_csv(path, TABLE),
    "json": lambda path: write_json(path, {"a": 1}),
    "text": lambda path: write_text(path, "words"),
    "tensors": lambda path: save_tensors(path, {"a": torch.ones(3)}),
}


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("kind", WRITERS)
def test_a_write_that_fails_leaves_the_old_file(
    kind: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here at the last moment, when the file system says what it had promised and cannot keep."""
    path = tmp_path / "result"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(files.os, "fsync", fail)
    with pytest.raises(OSError, match=os.strerror(number)) as caught:
        WRITERS[kind](path)
    assert REMEDIES[number] in (user_message(caught.value) or "")
    assert [entry.name for entry in tmp_path.iterdir()] == ["result"]
    assert path.read_text() == "old"


HALF = """
import os, signal, sys
from prunescape.io.files import atomic
with atomic(sys.argv[1]) as temporary:
    temporary.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_left_is_swept_by_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "figure.png"
    command = [sys.executable, "-c", HALF, str(path)]
    environment = os.environ | {"PYTHONPATH": str(WORKFLOW)}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    with files.atomic(path) as mine, files.atomic(path) as other:  # that of a writer that lives is not
        assert not left.exists()
        mine.write_text("whole")
        other.write_text("of the other")
    write_text(tmp_path / "figure.png.png", "of another name")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["figure.png", "figure.png.png"]
    assert path.read_text() == "whole"


READERS = {
    "table": read_csv,
    "json": read_json,
    "tensors": load_tensors,
    "array": lambda path: np.load(path, mmap_mode="r", allow_pickle=False),
}


@pytest.mark.parametrize(
    "use", [*READERS.values(), *WRITERS.values()], ids=[*READERS, *(f"new {of}" for of in WRITERS)]
)
def test_a_folder_in_the_place_of_a_file_is_told(use: Callable, tmp_path: Path) -> None:
    (tmp_path / "result").mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        use(tmp_path / "result")
    assert user_message(caught.value) == f"{tmp_path}/result: {REMEDIES[errno.EISDIR]}"


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_file_in_the_place_of_a_folder_is_told(write: Callable, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "nowhere").symlink_to("gone")
    for name, path in (("file", "file/result"), ("file", "file/a/result"), ("nowhere", "nowhere/result")):
        with pytest.raises(OSError, match=name) as caught:
            write(tmp_path / path)
        line = user_message(caught.value) or ""
        assert line.startswith(f"{tmp_path}/{name}")
        assert line.endswith(": a file is in the place of a folder; move it away, and go on")


def test_logs_say_nothing_that_a_terminal_would_obey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("prunescape"), "propagate", False)  # pytest-xdist could not send it
    log = tmp_path / "log"

    def fail() -> None:
        with logged(SimpleNamespace(log=[log], input=[], params={})) as logger:
            logger.info("class %s", "\x1b[2J\udcff")
            raise ZeroDivisionError("\x1b]0;title\x07")

    with pytest.raises(ZeroDivisionError):
        fail()
    text = log.read_text()
    assert r"class \x1b[2J\udcff" in text
    assert r"ZeroDivisionError: \x1b]0;title\x07" in text
    assert all(line.isprintable() for line in text.splitlines())


def test_what_a_terminal_would_obey_is_written_out() -> None:
    name = "a/\x1b[31m\x07b\udcff: é\u202e"
    for error in (UserError(name), OSError(errno.EROFS, "", name)):
        assert (user_message(error) or "").startswith(r"a/\x1b[31m\x07b\udcff: é\u202e")


LIMITED = """
import sys
from pathlib import Path
from types import SimpleNamespace
import pandas as pd, torch
from prunescape.io.files import write_csv
from prunescape.runtime.logs import logged
from prunescape.io.tensors import save_tensors

with logged(SimpleNamespace(log=["log"], input=[], params={})):
    if sys.argv[1] == "table":
        write_csv("result", pd.DataFrame({"x": range(100_000)}))
    else:
        save_tensors("result", {"x": torch.zeros(100_000)})
"""


@pytest.mark.parametrize("kind", ["table", "tensors"])
def test_a_limit_on_the_size_of_files_is_one_line(kind: str, tmp_path: Path) -> None:
    """`ulimit -f`: a real failure of the operating system, seen by pandas and by the Rust code of safetensors."""
    result = subprocess.run(
        [sys.executable, "-c", LIMITED, kind],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": str(WORKFLOW)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    assert "finished results are kept" in result.stderr
    assert "error: " in (tmp_path / "log").read_text()
    assert [entry.name for entry in tmp_path.iterdir()] == ["log"]


def test_a_log_that_cannot_be_written_hides_nothing(tmp_path: Path, capsys) -> None:
    """/dev/full takes no byte: what the job has to say is still told once, without logging's own traceback."""
    (tmp_path / "log").symlink_to("/dev/full")

    def fail() -> None:
        with logged(SimpleNamespace(log=[tmp_path / "log"], input=[], params={})) as logger:
            logger.info("progress")
            raise UserError("what is wrong")

    with pytest.raises(SystemExit) as caught:
        fail()
    assert str(caught.value) == "prunescape: what is wrong"
    assert "Traceback" not in capsys.readouterr().err


def test_inputs_from_the_future_are_brought_to_the_present(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for path, ahead in ((old, -1000), (new, 5000)):
        path.write_text("x")
        os.utime(path, (time.time() + ahead, time.time() + ahead))
    before = old.stat().st_mtime
    lines = bring_to_present([old, new, tmp_path / "gone"])
    assert len(lines) == 1
    assert f"{new}: dated 5000 s in the future" in lines[0] or f"{new}: dated 4999 s" in lines[0]
    assert abs(new.stat().st_mtime - time.time()) < 60
    assert old.stat().st_mtime == before


def test_folders_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    check_writable(tmp_path / "not" / "there" / "yet")
    assert list(tmp_path.iterdir()) == []
    with one_line("/proc/results"):
        check_writable("/proc/results")


def test_a_folder_under_another_spelling_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a file system is blind to case, the results are those of another run; here, links make it so."""
    monkeypatch.chdir(tmp_path)
    plan = Plan(merged(TINY, {"run": "Demo"}))
    listed = os.listdir

    def blind(folder: Path) -> list[str]:
        return [name for name in listed(folder) if name not in ("Demo", "small_resnet")]

    check_spelling("results/Demo")
    for path in ("results/demo", "results/Demo/models/Small_ResNet"):
        Path(path).mkdir(parents=True)
        check_spelling("results/Demo")
        check_spelling(path)
    Path("results/Demo/models/small_resnet").symlink_to("Small_ResNet")
    for name, other in (("results/Demo", "demo"), ("results/Demo/models/small_resnet", "Small_ResNet")):
        with monkeypatch.context() as there:
            there.setattr(os, "listdir", blind)
            with one_line(f"{name}: is the folder of {other} to this file system", f"write {other}, or a name"):
                check_spelling(name)
            with pytest.raises(SystemExit, match=r"prunescape: results/Demo: is the folder of demo"):
                before_run(plan, None)


@pytest.mark.parametrize("count", [3, 1371])
def test_unknown_names_list_few_others(count: int) -> None:
    names = {f"model_{number}": number for number in range(count)}
    with pytest.raises(UserError, match="unknown model 'zzz'; known: model_0, model_1, model_2") as caught:
        known(names, "model", "zzz")
    assert str(caught.value).count("model_") == min(count, 20)
    assert str(caught.value).endswith("and 1351 more") == (count > 20)


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), RuntimeError("CUDA error: out of memory")],
)
def test_a_full_gpu_is_one_line(error: RuntimeError) -> None:
    assert user_message(error) == GPU_FULL
    assert user_message(RuntimeError("size mismatch")) is None
