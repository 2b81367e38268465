"""Many variants of one network, trained together."""
