"""What a study will cost, and how far it is, from the config and the files alone. Light: no torch, no pandas."""
