"""Names of the scores of single weights. Light: scripts that only read tables import no torch for them."""

MAGNITUDE, LAMP, GRASP, RANDOM = "magnitude", "lamp", "grasp", "random"
METHODS = (MAGNITUDE, LAMP, GRASP, RANDOM)
