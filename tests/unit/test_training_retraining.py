"""What is done with pruned networks: schedules against the whole recipe's, and weights that are gone on from."""

import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from prunescape.config.recipe import Recipe as Section
from prunescape.errors import UserError
from prunescape.hpspace.tile import train_tile
from prunescape.models.weights import read_weights, save_weights
from prunescape.training.recipe import Recipe
from prunescape.training.retraining import resized, retraining, until
from prunescape.training.train import LaneResult, Task
from training_samples import LANES

SECTION = Section(epochs=12, batch_size=25, decay_epochs=(4, 9))


@given(
    st.integers(2, 30),
    st.integers(0, 29),
    st.sets(st.integers(1, 29)),
    st.floats(0.01, 1.0),
    st.integers(0, 29),
    st.sampled_from(["step", "cosine", "constant"]),
)
def test_rewound_rates_are_the_rest_of_the_schedule(
    epochs: int, epoch: int, decays: set[int], decay: float, warmup: int, schedule: str
) -> None:
    """Of any schedule, also from within its warm-up on; and the beginning up to that epoch is its beginning."""
    epoch %= epochs
    section = SECTION.changed(
        epochs=epochs,
        decay=decay,
        decay_epochs=tuple(sorted(d for d in decays if d < epochs)),
        warmup_epochs=warmup % epochs,
        schedule=schedule,
    )
    whole = Recipe.from_config(section)
    expected = [whole.learning_rate_factor(at) for at in range(epoch + 1, epochs + 1)]
    for pipeline in ("rate_rewinding", "fine_tuning"):
        rest, factor = retraining(section, pipeline, epoch)
        again = Recipe.from_settings(rest.plain())
        rates = [factor * again.learning_rate_factor(at) for at in range(1, again.epochs + 1)]
        if pipeline == "rate_rewinding":
            assert rates == expected
        else:  # as long, at the last rate
            assert rates == pytest.approx([expected[-1]] * len(expected))
    start = Recipe.from_settings(until(section, epoch).plain())
    assert start.epochs == epoch
    assert [start.learning_rate_factor(at) for at in range(1, epoch + 1)] == [
        whole.learning_rate_factor(at) for at in range(1, epoch + 1)
    ]
    assert retraining(section, "scratch", epoch) == (section, 1.0)


def test_a_cosine_is_gone_back_to_where_torchs_is() -> None:
    """After five of twelve epochs; and fine-tuning is at a rate of its own."""
    section = SECTION.changed(schedule="cosine", decay_epochs=())
    optimiser = torch.optim.SGD([torch.zeros(1)], 0.3)
    schedule, rates = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 12), []
    for _ in range(12):
        rates += schedule.get_last_lr()
        optimiser.step()
        schedule.step()
    rest, factor = retraining(section, "weight_rewinding", 5)
    again = Recipe.from_config(rest)
    assert [0.3 * factor * again.learning_rate_factor(at) for at in range(1, 8)] == pytest.approx(rates[5:])
    rest, factor = retraining(section, "fine_tuning", 5, 0.02)
    assert (rest.epochs, rest.schedule, factor) == (7, "constant", 0.02)


@pytest.mark.parametrize(
    ("epochs", "decays"), [(None, [20, 30]), (40, [20, 30]), (10, [5, 8]), (3, [2]), (2, [1]), (1, []), (80, [40, 60])]
)
def test_decays_move_with_the_epochs_halves_upwards(epochs: int | None, decays: list[int]) -> None:
    section = SECTION.changed(epochs=40, decay_epochs=(20, 30))
    found = resized(section, epochs)
    assert found == section.changed(epochs=epochs or 40, decay_epochs=tuple(decays))


def test_a_tile_goes_on_from_weights(task: Task, together: list[LaneResult], tmp_path) -> None:
    """With a learning rate of next to nothing the first epoch ends where the weights were, far from a fresh start."""
    save_weights(tmp_path / "weights.safetensors", together[0].weights)
    start, checksum = read_weights(tmp_path / "weights.safetensors")
    cells = [{"i": 0, "j": 0, "learning_rate": 1.0, "weight_decay": LANES[0].weight_decay}]
    labels = {"model": "m", "variant": "v"}
    tables = [
        train_tile(task, cells, labels, lambda line: None, start=weights, rate_factor=1e-9) for weights in (start, None)
    ]
    fresh = pd.concat([part.history for part in tables], keys=["start", "fresh"])
    assert fresh.loc["start"]["top1"].iloc[0] == pytest.approx(together[0].history[-1].top1, abs=3.0)
    assert fresh.loc["start"]["top1"].iloc[0] > fresh.loc["fresh"]["top1"].iloc[0] + 10
    assert fresh.loc["start"]["learning_rate"].iloc[0] == pytest.approx(1e-9)
    assert tables[0].cells["learning_rate"].tolist() == [1e-9]  # that was used
    assert tables[0].cells["grid_learning_rate"].tolist() == [1.0]  # the cell's, by which landscapes are compared
    torch.testing.assert_close(dict(start), dict(together[0].weights))
    save_weights(tmp_path / "other.safetensors", together[1].weights)
    assert read_weights(tmp_path / "other.safetensors")[1] != checksum
    with pytest.raises(UserError, match="no such file; run the rule that makes it"):
        read_weights(tmp_path / "missing.safetensors")
