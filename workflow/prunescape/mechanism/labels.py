"""Names of things in the study's tables and files."""

WHOLE = "1"  # the network of full size, as `%g` writes it
PRUNED = {"weights": "weight pruning", "channels": "channel pruning"}
RETRAINED = {"fine_tuning": "fine-tuning", "rewinding": "learning-rate rewinding"}
