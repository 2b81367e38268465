"""Cost and progress of a study, from the config and the files alone. Light: no torch, no pandas."""
