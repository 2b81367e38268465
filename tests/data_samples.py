"""What tests of data share: small data sets, and the check that an error is one helpful line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from prunescape.data.prepared import PreparedData, write_prepared
from prunescape.errors import UserError


@contextmanager
def one_line(*parts: str) -> Iterator[None]:
    """Expect a `UserError` of a single line that contains all of `parts`."""
    with pytest.raises(UserError) as caught:
        yield
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def tiny_data(
    folder: Path, counts: tuple[int, int] = (23, 11), shape: tuple[int, int, int] = (3, 8, 8), **options: int
) -> PreparedData:
    """Random pixels in three classes, prepared in `folder`."""
    numbers = np.random.default_rng(5)
    arrays = {
        split: (numbers.integers(0, 256, (count, *shape), dtype=np.uint8), np.arange(count) % 3)
        for split, count in zip(("train", "validation"), counts, strict=True)
    }
    choice = {"crop": shape[-1], "pad": 2, "flip": True, **options}
    return write_prepared(folder, arrays, name="tiny", classes=["a", "b", "c"], **choice)
