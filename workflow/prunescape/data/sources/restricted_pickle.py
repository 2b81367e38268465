"""Reading pickles that hold nothing but plain values and NumPy arrays: no name in them can run code."""

import io
import pickle
from typing import Any

import numpy as np

_ALLOWED: dict[tuple[str, str], Any] = {
    **{
        (module, "_reconstruct"): np._core.multiarray._reconstruct  # type: ignore[attr-defined]
        for module in ("numpy.core.multiarray", "numpy._core.multiarray")
    },
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("_codecs", "encode"):
            return _encode_latin1
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which no array needs")
        return _ALLOWED[module, name]


def _encode_latin1(text: str, encoding: str) -> bytes:
    """Text as latin-1 bytes, the one use of `_codecs.encode` in pickles of protocol 2."""
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"it asks for the encoding {encoding!r}")
    return text.encode("latin1")


def load_plain(content: bytes) -> Any:
    """The value in a pickle, Python 2's included.

    Raises:
        pickle.UnpicklingError: it is broken, or asks for anything but arrays.
    """
    try:
        return _Unpickler(io.BytesIO(content), encoding="latin1").load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a broken pickle can raise nearly anything
        raise pickle.UnpicklingError(f"{type(error).__name__}: {error}") from None
