"""Pickles of plain values and arrays are read; nothing in a pickle can run."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from prunescape.data.sources.restricted_pickle import load_plain


class Trap:
    """Makes a file when it is unpickled the usual way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.path,))


def test_pickles_cannot_run_code(tmp_path: Path) -> None:
    trap = pickle.dumps(Trap(tmp_path / "sprung"), protocol=2)
    with pytest.raises(pickle.UnpicklingError, match="which no array needs"):
        load_plain(trap)
    for text in (b"cbuiltins\neval\n(X\x01\x00\x00\x001tR.", b"c_codecs\ndecode\n(X\x01\x00\x00\x001tR."):
        with pytest.raises(pickle.UnpicklingError, match="which no array needs"):
            load_plain(text)
    with pytest.raises(pickle.UnpicklingError, match="encoding"):
        load_plain(b"c_codecs\nencode\n(X\x01\x00\x00\x001X\x05\x00\x00\x00rot13tR.")
    assert not (tmp_path / "sprung").exists()
    pickle.loads(trap)
    assert (tmp_path / "sprung").exists()


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_plain_pickles_of_python_3(protocol: int) -> None:
    value = {"data": np.arange(6, dtype=np.uint8).reshape(2, 3), "labels": [1, 2]}
    read = load_plain(pickle.dumps(value, protocol=protocol))
    assert np.array_equal(read["data"], value["data"])
    assert read["labels"] == [1, 2]
