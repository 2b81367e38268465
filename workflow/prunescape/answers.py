"""What the findings of all companion studies share: means over pretrained seeds with intervals, and their words."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import t

CONFIDENCE = 0.95


def interval(name: str, values: np.ndarray) -> dict[str, float]:
    """A mean with its 95 % interval by Student's t, which is honest about few values: wide for three, NaN for one.

    Returns:
        The mean as `name`, the interval as `<name>_low` and `<name>_high`.
    """
    mean = float(values.mean())
    if len(values) < 2:
        return {name: mean, f"{name}_low": np.nan, f"{name}_high": np.nan}
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return {name: mean, f"{name}_low": mean - half, f"{name}_high": mean + half}


def shown(name: str, row: Mapping[str, Any], digits: int = 1, unit: str = " points") -> str:
    """A mean with its interval: `+12.3 points [4.0, 20.6]`, or that there is but one seed."""
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    mean = f"{row[name]:+.{digits}f}{unit}"
    return f"{mean} (one seed, no interval)" if np.isnan(low) else f"{mean} [{low:.{digits}f}, {high:.{digits}f}]"


def decided(name: str, row: Mapping[str, Any]) -> bool:
    """Whether an interval excludes zero."""
    return bool(row[f"{name}_low"] > 0 or row[f"{name}_high"] < 0)


def text_of(found: Mapping[str, Any]) -> str:
    """All findings as plain text: `models` holds, by name, `findings` with question and answer."""
    parts = []
    for model, entry in found["models"].items():
        lines = [f"{model}:", *(f"- {finding['question']} {finding['answer']}" for finding in entry["findings"])]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"
