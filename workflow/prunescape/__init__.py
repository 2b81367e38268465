"""prunescape: what pruning does to a neural network, and what must be done again afterwards.

The rooms of the library, in the order in which data flows through them; each imports only from those before it:

    data -> models -> flops -> pruning -> lanes -> training -> claims
         -> hpspace, stochastic, mechanism, coherence -> export -> overview -> figures -> pages

"The thesis" is J. Matthiesen, The Impact of Deep Neural Network Pruning on the Hyperparameter Performance Space, MSc
thesis, Chalmers / Gothenburg, 2023.

Nothing here knows of Snakemake, and importing the package itself imports nothing heavy.
"""
