"""The config's rules about the axes of the grid: each mistake is one line with the key and the remedy."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from documented import BLOCKS
from project_copy import TINY, merged
from prunescape.config.reading import ConfigError, resolved, validated
from prunescape.data.catalogue import CATALOGUE as DATA_SETS
from prunescape.hpspace.lattice import HYPERPARAMETERS, Lattice
from prunescape.models.catalogue import CATALOGUE as MODELS

MOMENTUM = {"name": "momentum", "step": 0.1, "size": 3, "prior": 0.5}
BATCH = {"name": "batch_size", "step": 0.301, "size": 3}
EPOCHS = {"name": "epochs", "step": 0.5, "size": 3}


def study(first: Any, second: Any, **changes: Any) -> dict[str, Any]:
    grid = {"axes": [first, second], "tile": [1, 1]}
    return merged({**TINY, "grid": grid, "recipe": {**TINY["recipe"], "batch_size": 25}}, changes)


def mistakes(raw: dict[str, Any]) -> list[str]:
    try:
        validated(raw, MODELS, DATA_SETS)
    except ConfigError as error:
        return error.mistakes
    return []


def test_what_is_left_out_is_filled_in_and_reads_back_the_same() -> None:
    config = validated(study(MOMENTUM, BATCH), MODELS, DATA_SETS)
    assert [axis["scale"] for axis in config["grid"]["axes"]] == ["linear", "log"]
    assert validated(config, MODELS, DATA_SETS) == config
    assert mistakes(study(EPOCHS, {"name": "label_smoothing", "step": 0.1, "size": 1})) == []


def test_the_documentations_example_is_a_study() -> None:
    (example,) = (block.text for block in BLOCKS if block.page == "docs/axes.md")
    assert mistakes(yaml.safe_load(example)) == []


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (
            study({**MOMENTUM, "name": "momentun"}, BATCH),
            "grid.axes[0].name: unknown value 'momentun'; did you mean 'momentum'? choose from: batch_size, epochs,",
        ),
        (
            study(MOMENTUM, {**MOMENTUM, "step": 0.2}),
            "grid.axes[1].name: momentum is given twice; write another hyperparameter",
        ),
        (
            study({"name": "weight_decay", "step": 0.1}, {"name": "learning_rate", "step": 0.1}),
            "grid.axes: write learning_rate before weight_decay, as the thesis has them",
        ),
        (study({**MOMENTUM, "size": 4}, BATCH), "grid.axes[0].size: the prior is off the lattice: of 4 cells"),
        (study(MOMENTUM, BATCH, grid={"tile": [3, 2]}), "grid.tile[1]: tiles of 2 do not divide grid.axes[1].size = 3"),
        (
            study({**MOMENTUM, "prior": 0.9}, BATCH),
            "grid.axes[0].prior: the grid around 0.9 reaches 1, and momentum must be at least 0 and below 1; make",
        ),
        (
            study({"name": "label_smoothing", "step": 0.1, "size": 3}, BATCH),
            "recipe.label_smoothing: the grid around 0.0 reaches -0.1, and label smoothing must be at least 0 and",
        ),
        (
            study({"name": "learning_rate", "step": 0.05, "size": 5, "scale": "linear"}, BATCH),
            "models.small_resnet.learning_rate: the grid around 0.1 reaches 0, and learning rate must be above 0;",
        ),
        (
            study(MOMENTUM, {**BATCH, "step": 2.5, "scale": "linear"}),
            "grid.axes[1].step: 2.5 makes batch sizes that are no whole numbers; write a whole number, or scale: log",
        ),
        (
            study({**EPOCHS, "step": 0.05}, MOMENTUM),
            "grid.axes[0]: the grid around 3 has two cells that round to 3; make the step larger or the size smaller",
        ),
        (
            study(MOMENTUM, {**BATCH, "prior": 12.5}),
            "grid.axes[1].prior: is 12.5, and batch sizes are whole numbers; write 12",
        ),
        (
            study(MOMENTUM, {**BATCH, "size": 7}),
            "grid.axes[1]: reaches batches of 200, and there are 100 training images; make grid.axes[1].step or",
        ),
        (
            study(MOMENTUM, {**BATCH, "size": 1, "prior": 400}, data={"train_size": None}),
            "grid.axes[1]: reaches batches of 400, and there are 300 training images;",
        ),
        (
            study({**MOMENTUM, "scale": "log", "prior": 0}, BATCH),
            "grid.axes[0].prior: is 0.0, and a logarithmic axis has no zero; write more, or scale: linear",
        ),
        (study({**MOMENTUM, "scale": "log", "step": 3}, BATCH), "grid.axes[0].step: is 3.0 decades; write at most 2,"),
        (
            study(MOMENTUM, {**BATCH, "bounds": [20, 30]}),
            "recipe.batch_size: the grid around 25 reaches 13, outside grid.axes[1].bounds = [20.0, 30.0]; widen",
        ),
        (study(MOMENTUM, {**BATCH, "bounds": [90, 9]}), "grid.axes[1].bounds: 90.0 is not below 9.0; write [lowest,"),
        (
            study(MOMENTUM, BATCH, recipe={"optimiser": "adam"}),
            "grid.axes[0].name: recipe.optimiser is adam, which has no momentum; write sgd there",
        ),
        (
            study(MOMENTUM, EPOCHS, models={"small_resnet": {"pipelines": ["scratch", "fine_tuning"]}}),
            "models.small_resnet.pipelines: go on for as many epochs as the recipe has left, and grid.axes varies",
        ),
        (study(MOMENTUM, BATCH, grid={"step": 0.5}), "grid.step: is not used beside grid.axes, whose entries have"),
        (study({"name": "momentum"}, BATCH), "grid.axes[0].step: is missing; write, for example, 'step: 0.1'"),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else "",
)
def test_a_mistake_is_told_in_one_line(raw: dict[str, Any], told: str) -> None:
    found = mistakes(raw)
    assert [line for line in found if line.startswith(told)], found
    assert all("\n" not in line for line in found)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"name": st.sampled_from([*HYPERPARAMETERS]), "step": st.floats(1e-3, 20)},
            optional={
                "size": st.integers(1, 7),
                "scale": st.sampled_from(["auto", "log", "linear"]),
                "prior": st.floats(0, 60),
            },
        ),
        min_size=2,
        max_size=2,
    )
)
def test_what_is_let_through_can_be_trained(axes: list[dict[str, Any]]) -> None:
    raw = study(*axes)
    try:
        config = resolved(raw, MODELS, DATA_SETS)
    except ConfigError:
        return
    lattice = Lattice.of(config, "small_resnet")
    values = [lattice.values(cell) for tile in lattice.initial_tiles() for cell in lattice.cells(tile)]
    assert len(set(values)) == len(values)
    for found in values:
        for axis, value in zip(lattice.pair, found, strict=True):
            assert axis.of.allows(value)
            assert isinstance(value, int) == axis.of.whole
