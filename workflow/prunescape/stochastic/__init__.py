"""The study `stochastic`: does Gaussian noise before pruning give better sparse networks?

The source of its definitions is Stochastic Pruning for Neural Networks (Avendano Munoz et al., 2025), "the SP paper".
"""
