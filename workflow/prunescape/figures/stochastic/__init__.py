"""The figures of the study `stochastic`: one module a figure; the SP paper is Avendano Munoz et al. (2025)."""
