"""Print the most memory, in bytes, that pruning a fully connected parent takes: `parent_memory.py FOLDER WIDTH`.

The parent has ten times the weights of a network of that width, and is trained for an epoch of few images.
"""

import resource
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from prunescape.coherence.families import save_families
from prunescape.coherence.masks import choices
from prunescape.coherence.mlps import family_of, parent_of
from prunescape.data.prepare import prepare
from prunescape.models.architecture import Architecture
from prunescape.training.checkpoint import Checkpoint
from prunescape.training.engine import Engine
from prunescape.training.recipe import Recipe
from prunescape.training.train import Task

SCORES, ENDS, SCOPES = ["diff", "magnitude", "random"], ["best", "worst"], ["global", "floor", "local"]


def main(folder: Path, width: int) -> None:
    images = prepare({"name": "digits", "train_size": 64, "validation_size": 100}, folder / "data", lambda line: None)
    recipe = Recipe(1, 32, 0.0, schedule="constant", evaluate_every=1, optimiser="adam")
    task = Task(Architecture("mlp", images.input_shape, 10, width=8), images, Engine(), 0, recipe, augment=False)
    job = SimpleNamespace(
        task=task,
        settings={"scores": SCORES, "samples": None, "measured_epochs": [0, 1]},
        rates=(1e-4, 0.0),
        report=lambda line: None,
        part=lambda name: Checkpoint.of(folder / name, name),
    )
    parent = parent_of(cast(Any, job), width, 10.0)
    family = family_of(parent, width, choices(SCORES, ENDS, SCOPES), {}, ["he"])
    save_families(folder / "masks.safetensors", [family])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
