"""Write all trainings for Weights & Biases, MLflow and TensorBoard."""

from pathlib import Path

from prunescape.export.trackers import all_trainings, of_mlflow, of_wandb, write_tensorboard
from prunescape.hpspace.cells import read_trainings
from prunescape.io.files import read_csv, read_tables, write_csv
from prunescape.runtime.logs import logged

with logged(snakemake):
    settings, run = snakemake.params.settings, snakemake.params.told["run"]
    again = snakemake.input.get("confirmation")
    trainings = all_trainings(read_trainings(snakemake.input.cells), again and read_csv(again), settings["names"])
    folder = Path(snakemake.output.wandb).parent / "tensorboard"
    write_tensorboard(folder, trainings, read_tables(snakemake.input.histories))
    write_csv(snakemake.output.wandb, of_wandb(trainings, run))
    write_csv(snakemake.output.mlflow, of_mlflow(trainings, run))
