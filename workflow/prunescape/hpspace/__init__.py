"""The main job: landscapes over learning rate and weight decay, and what pruning does to them."""
