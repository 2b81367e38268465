"""Many variants of one network, trained or evaluated together."""

# On a CPU an array holds 1 lane or a multiple of this. Vectorised kernels treat the last channels that do not fill a
# vector (at most 16 floats) apart, and round them otherwise.
LANE_ALIGNMENT = 16
