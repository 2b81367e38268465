"""The study `mechanism`: who does the work in a network, and in which loss basin does retraining end?

The source of its definitions is An empirical study of a pruning mechanism (under review at ICLR 2021), "the utility
paper".
"""
