"""Pruning: the choice of the channels, or of the weights, that a network keeps, and their removal."""
