"""What tests of the study `stochastic` share."""

from prunescape.models.architecture import Architecture
from prunescape.training.engine import Engine

ARCHITECTURE = Architecture("small_resnet", (1, 8, 8), 10)
EXACT = Engine(strategy="fused", lanes=16, precision="float64")
