"""Terms and colours of the study `mechanism`, as its figures have them."""

from collections.abc import Iterable

from matplotlib import colormaps

from prunescape.figures.names import percent
from prunescape.figures.palette import BLUE, MARKERS, VERMILION, Look, ramp
from prunescape.figures.select import distinct

# As in prunescape.mechanism, which would load torch for every figure; a test holds them together.
RATIO, NUMBER = "ratio", "number"
PRUNINGS = {"weights": "Weight pruning", "channels": "Channel pruning"}
RETRAININGS = {"fine_tuning": "fine-tuning", "rewinding": "rewinding"}
TRAINING_ACCURACY = "Training accuracy (%)"
UTILITY = "Utility (nats)"
RETRAINING_LOOKS = {
    "fine_tuning": Look(BLUE, "o", "fine-tuning"),
    "rewinding": Look(VERMILION, "s", "learning-rate rewinding"),
}


def level_looks(levels: Iterable[float]) -> dict[float, Look]:
    """A colour and a marker an ablation ratio, from the least (violet) to the greatest (orange)."""
    values = distinct(levels)
    colours = ramp(colormaps["plasma"], len(values), 0.05, 0.8)
    return {
        level: Look(colour, MARKERS[place % len(MARKERS)], f"{percent(level)} ablated")
        for place, (level, colour) in enumerate(zip(values, colours, strict=True))
    }
