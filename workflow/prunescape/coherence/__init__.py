"""The study `coherence`: what do per-sample gradients know about generalisation, and do they choose good masks?

The source of its definitions is An Investigation of the Interactions of Gradient Coherence and Network Pruning in
Neural Networks (Yauney, Brigham Young University, 2024), "the thesis".
"""
