"""What tests of the study `stochastic` share: a small trained network, and how it is evaluated."""

from prunescape.training.engine import Engine
from prunescape.training.lane import Lane

LANE = Lane(0.05, 1e-4)
EXACT = Engine(strategy="fused", lanes=16, precision="float64")
