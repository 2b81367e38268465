"""The config's section `own`."""

from typing import Annotated, Any

from prunescape.config.section import AnyNumber, Count, Number, Positive, Section, Text, key, within


class Own(Section):
    """Trainings of your own loop, for `snakemake suggest`, `confirm` and `answer`; nothing else looks at them.

    Steps and size are those of `grid`, and margin, level and the most seeds those of `verdict`.
    """

    trainings: Text | None = key(
        None, "The CSV file with a row a training, to be given; where it is not there yet, the first are suggested."
    )
    learning_rate: Positive | None = key(
        None, "The prior, to be given: the learning rate that you have.", unit="factor"
    )
    weight_decay: Positive | None = key(None, "The prior, to be given: the weight decay that you have.", unit="factor")
    chance: Annotated[Number, within(ge=0, lt=100)] | None = key(
        None,
        "The accuracy of chance, to be given: 100 divided by the number of classes if these are balanced.",
        unit="percent",
    )
    network: Text = key(
        "pruned",
        "The network that trainings are suggested for, and of rows that name none; `dense` is the one that is pruned.",
    )
    count: Count = key(8, "How many trainings are suggested at once.", unit="trainings")
    columns: dict[str, Any] = key(
        {}, "What columns are called in your file, such as `{accuracy: value, learning_rate: params_lr}` of Optuna."
    )
    choices: Text | None = key(
        None, "The file of registered choices (null, beside the trainings, with `.choices.json` behind its name)."
    )
    anew: AnyNumber[Text] = key(
        (),
        "Networks whose setting `snakemake confirm` chooses again, every time; give it on the command line.",
    )
