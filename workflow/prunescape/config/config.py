"""The whole config: its sections, in the order in which they are listed."""

from typing import Annotated

from prunescape.config.analysis import Analysis
from prunescape.config.cluster import Cluster
from prunescape.config.coherence import Coherence
from prunescape.config.data import Data
from prunescape.config.engine import Engine
from prunescape.config.extension import Extension
from prunescape.config.figures import Figures
from prunescape.config.grid import Grid
from prunescape.config.mechanism import Mechanism
from prunescape.config.models import Model
from prunescape.config.pruning import Pruning
from prunescape.config.recipe import Recipe
from prunescape.config.retraining import Retraining
from prunescape.config.section import Integer, Section, Some, Text, key, section, within
from prunescape.config.stochastic import Stochastic
from prunescape.config.verdict import Verdict


class Config(Section):
    """Defaults are the thesis' settings for CIFAR-10 (Tables 3.3 and 3.4); a config names what differs."""

    run: Annotated[Text, within(pattern="^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")] = key(
        ...,
        "Name of the run; its results go to `results/<run>/`.",
        hint="use letters, digits, '_', '-' and '.', and begin with a letter or a digit",
        example="demo",
    )
    seeds: Some[Annotated[int, Integer(ge=0, le=2**32 - 1)]] = key(
        (0,),
        "Seeds of initialisation, order and augmentation. Every cell is trained once a seed; its performance is the "
        "mean over the seeds.",
        unit="count",
    )
    data: Data = key(..., "The data set, and how much of it is used.", example={"name": "digits"})
    models: Annotated[dict[str, Model], within(min_length=1)] = key(
        ...,
        "The networks under study, each by its name, with its prior and the ways it is pruned.",
        example={"small_resnet": {"learning_rate": 0.1, "weight_decay": 0.005, "ratios": [0.6, 0.2]}},
    )
    recipe: Recipe = section(Recipe)
    grid: Grid = section(Grid)
    extension: Extension = section(Extension)
    analysis: Analysis = section(Analysis)
    verdict: Verdict = section(Verdict)
    pruning: Pruning = section(Pruning)
    retraining: Retraining = section(Retraining)
    engine: Engine = section(Engine)
    stochastic: Stochastic | None = None
    mechanism: Mechanism | None = None
    coherence: Coherence | None = None
    cluster: Cluster = section(Cluster)
    figures: Figures = section(Figures)
