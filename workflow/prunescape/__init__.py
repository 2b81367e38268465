"""prunescape: what pruning does to a neural network, and what must be done again afterwards.

The rooms of the library, in the order in which data flows through them; each imports only from those before it:

    data -> models -> flops -> pruning -> lanes -> training -> hpspace -> figures

Nothing here knows of Snakemake, and importing the package itself imports nothing heavy.
"""
