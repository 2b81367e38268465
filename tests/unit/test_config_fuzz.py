"""Whatever stands in a config, the only thing that reading it raises is a ConfigError."""

import datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config_samples import DATA, MODELS, changed, parts
from prunescape.config.reading import ConfigError, validated
from prunescape.config.schema import schema

# Words of the schema among arbitrary ones, so that the fuzz reaches below the first level.
PATHS = [path.replace("*", "small_resnet") for path, _, _ in parts(schema())]
WORDS = sorted({path.split(".")[-1] for path in PATHS} | MODELS | DATA | {"l1", "png"})
ODD = ["1e-3", "0,5", "yes", "a\nb", "\ud800", datetime.date(2024, 1, 31), b"x", 10**30]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 12),
    st.integers(),
    st.floats(0, 1),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(WORDS),
    st.sampled_from(ODD),
)
VALUES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=4) | st.dictionaries(SCALARS, below, max_size=4), max_leaves=12
)


def told_or_valid(raw: Any) -> None:
    try:
        config = validated(raw, MODELS, DATA)
    except ConfigError as error:
        told = error.mistakes
    else:
        assert validated(config, MODELS, DATA) == config
        return
    assert told
    assert not any("\n" in line for line in told)


@pytest.mark.parametrize("study", ["stochastic", "mechanism", "coherence"])
def test_a_mistake_anywhere_leaves_nothing_that_a_rule_cannot_do_without(study):
    for place in PATHS:
        *sections, key = place.split(".")
        raw = part = changed((study, "{}"))
        for section in sections:
            part = part.setdefault(section, {})
        part[key] = [[None]]  # valid nowhere
        with pytest.raises(ConfigError):
            validated(raw, MODELS, DATA)


@given(raw=VALUES)
def test_arbitrary_values_raise_nothing_but_config_errors(raw):
    told_or_valid(raw)


@settings(max_examples=3 * settings.default.max_examples)
@given(edits=st.lists(st.tuples(st.sampled_from(PATHS), VALUES), min_size=1, max_size=4))
@example(edits=[("coherence.measured_epochs", [2.0**63])])  # a whole number that is one too large
def test_arbitrary_values_at_known_keys_raise_nothing_but_config_errors(edits):
    raw = changed()
    for path, value in edits:
        *sections, key = path.split(".")
        part: Any = raw
        for section in sections:
            part = part.setdefault(section, {}) if isinstance(part, dict) else None
        if isinstance(part, dict):
            part[key] = value
    told_or_valid(raw)
