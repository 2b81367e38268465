"""The study `coherence`: what per-sample gradients say about generalisation, and which weights they would keep.

Its source is An Investigation of the Interactions of Gradient Coherence and Network Pruning in Neural Networks
(Z. Yauney, MSc thesis, Brigham Young University, 2024), "the coherence thesis".
"""
