"""Ten thousand damaged inputs for the config loader and the reader of prepared data; one thousand in `make test`.

Whatever is in a file, it is read, or refused in one line; nothing else is raised, nothing takes long, no code is run,
and no file is written.
"""

import os
import random
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from data_samples import tiny_data
from prunescape.config.reading import ConfigError, read, validated
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.data.prepared import load_prepared
from prunescape.errors import UserError
from prunescape.io.seals import seal
from prunescape.models.catalogue import CATALOGUE as MODELS

MOST_SECONDS = 5.0  # for one input
PRESETS = [*(Path(__file__).parents[2] / "workflow" / "studies").glob("*.yaml")]
WORDS = [
    *(
        b"!!python/object/apply:os.system ['touch escaped']",
        b"__use_yte__: true\n",
        b"? exec('x')\n",
        b"&a [*a]",
        b"<<: *b",
    ),
    *(
        b"..",
        b"../../escaped",
        b"/tmp/escaped",
        b"1e999",
        b"-1",
        b"null",
        b".nan",
        b"2024-13-45",
        b"0x",
        b"{",
        b"}",
        b"[",
    ),
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\t",
        b"\n",
        b": ",
        b"- ",
        b"'",
        b"9" * 5000,
        b"[" * 300,
        b"|\n",
        b"%YAML 9",
    ),
]
SMALL = b"""
run: demo
seeds: [0, 1]
data: {name: image_folder, directory: /data/birds, image_size: 64}
models:
  small_resnet: {learning_rate: 0.1, weight_decay: 5.0e-3, methods: [uniform], ratios: [0.6, 0.2]}
grid: {step: 0.2, size: [9, 9], tile: [3, 3]}
"""


def mutated(content: bytes, numbers: random.Random) -> bytes:
    """The content with one to four random changes."""
    result = bytearray(content)
    for _ in range(numbers.randint(1, 4)):
        at, length = numbers.randrange(len(result) + 1), numbers.choice((1, 2, 8, 40))
        kind = numbers.randrange(6)
        if kind == 0 and result:
            result[min(at, len(result) - 1)] ^= 1 << numbers.randrange(8)
        elif kind == 1:
            del result[at : at + length]
        elif kind == 2:
            result[at:at] = result[at : at + length] * numbers.choice((1, 3))
        elif kind == 3:
            result[at:at] = numbers.choice(WORDS)
        elif kind == 4:
            result[at : at + length] = numbers.randbytes(length)
        else:
            del result[at:]
    return bytes(result)


_watched: list[str] = []
_watching = False


def _audit(event: str, arguments: tuple) -> None:
    """Note what would write a file or start a program; Python calls this for every such event."""
    if not _watching:
        return
    if event == "open":
        path, mode, flags = arguments
        if isinstance(path, str) and (flags or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            _watched.append(f"{event} {path} {mode}")
    elif event.split(".")[0] in ("subprocess", "shutil") or event in (
        *("os.system", "os.exec", "os.posix_spawn", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link"),
        *("os.symlink", "os.truncate", "os.chmod", "socket.connect", "pickle.find_class"),
    ):
        _watched.append(f"{event} {arguments}")


sys.addaudithook(_audit)  # cannot be taken back, only silenced


@contextmanager
def watched() -> Iterator[None]:
    """Fail if anything is written or started inside, or if it takes too long."""
    global _watching

    def late(_: int, __: FrameType | None) -> None:
        raise AssertionError(f"took more than {MOST_SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, MOST_SECONDS)
    _watching = True
    try:
        yield
    finally:
        _watching = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert _watched == []


def test_the_watch_sees_what_it_is_meant_to_see(tmp_path: Path) -> None:
    for action in (
        lambda: (tmp_path / "x").write_text("x"),
        lambda: os.system("true"),
        lambda: (tmp_path / "d").mkdir(),
    ):
        with pytest.raises(AssertionError), watched():
            action()
        _watched.clear()


@pytest.mark.parametrize("count", [600, pytest.param(2400, marks=pytest.mark.full)])
def test_damaged_configs(count: int, tmp_path: Path) -> None:
    numbers = random.Random(1)
    sources = [SMALL] * 5 + [path.read_bytes() for path in PRESETS]
    path = tmp_path / "config.yaml"
    accepted = 0
    for _ in range(count):
        content = mutated(numbers.choice(sources), numbers)
        path.write_bytes(content)
        with watched():
            try:
                config = validated(read(path), MODELS, DATA_SETS)
            except ConfigError as error:
                told = error.mistakes
            else:
                told = []
        if told:
            assert not any("\n" in line or len(line) > 2000 for line in told), content
            continue
        accepted += 1
        results = (tmp_path / "results" / config["run"]).resolve()
        assert results.parent == (tmp_path / "results").resolve(), content
    assert count // 50 < accepted < count * 0.9  # the mutations neither break everything nor nothing


@pytest.mark.parametrize("count", [400, pytest.param(2000, marks=pytest.mark.full)])
def test_damaged_prepared_data(count: int, tmp_path: Path) -> None:
    numbers = random.Random(2)
    tiny_data(tmp_path / "data", counts=(5, 4), shape=(1, 8, 8))
    folder = tmp_path / "data"
    seal(folder / "meta.json").unlink()  # so that what is in meta.json is met, and not only its checksum
    good = {path: path.read_bytes() for path in folder.iterdir()}
    images = np.load(folder / "train_images.npy")
    names = sorted(path for path in good if path.name != "meta.json") + [folder / "meta.json"] * 3
    accepted = 0
    for _ in range(count):
        path = numbers.choice(names)
        path.write_bytes(mutated(good[path], numbers))
        with watched():
            try:
                data = load_prepared(folder / "meta.json")
            except UserError as error:
                told = str(error)
            else:
                told = ""
                assert np.array_equal(data.images("train"), images)
        assert "\n" not in told
        assert len(told) < 2000
        accepted += not told
        path.write_bytes(good[path])
    assert accepted < count / 2
    assert {path.name for path in folder.iterdir()} == {path.name for path in good}
    assert [path.name for path in tmp_path.iterdir()] == ["data"]
