"""The five best cells of each network, by their mean accuracy over seeds."""

import pandas as pd

NETWORK = ["model", "variant", "method", "ratio", "criterion", "pipeline", "target"]
CELL = ["i", "j", "learning_rate", "weight_decay"]

cells = pd.read_csv(snakemake.input.cells)
means = cells.groupby([*NETWORK, *CELL], sort=False, as_index=False)["top1"].mean()
best = means.sort_values("top1", ascending=False, kind="stable").groupby(NETWORK, sort=False).head(5)
best.to_csv(snakemake.output.table, index=False)
