"""The config's section `models`."""

from typing import Annotated, Any, Literal

from prunescape.config.mechanism import Experiment
from prunescape.config.section import (
    AnyNumber,
    Fraction,
    NotNegative,
    Number,
    Part,
    Positive,
    Section,
    Some,
    Text,
    Two,
    key,
    section,
    within,
)

Method = Literal["uniform", "non_uniform"]
Criterion = Literal["norm", "l1", "l2", "fpgm", "bn_scale", "taylor", "lamp", "random"]
Pipeline = Literal["scratch", "fine_tuning", "rate_rewinding", "weight_rewinding", "prune_at_init"]
Ratio = Annotated[
    Number, within("0.6 keeps 60 % of the FLOPs; the dense network is always trained and needs no ratio", gt=0, lt=1)
]
_TARGET = "^[A-Za-z_][A-Za-z0-9_.]*:[A-Za-z_][A-Za-z0-9_.]*$"


class OfStochastic(Section):
    """What the study `stochastic` does differently for this network."""

    cell: Two[Positive] | None = key(
        None,
        "The pruning rate and the noise, [gamma, sigma], that count as this network's best (null, those that the grid "
        "finds).",
        hint="write [gamma, sigma]",
    )
    fine_tuning_gamma: Part | None = key(
        None,
        "Pruning rate of the fine-tuned networks at the noises of `stochastic.fine_tuning` (null, the best one).",
        unit="part of the weights",
    )
    transfer_gammas: Some[Part] | None = key(
        None, "Pruning rates of the mask transfer (null, those of `stochastic.transfer`).", unit="part of the weights"
    )
    transfer_sigma: Positive | None = key(None, "Noise of the mask transfer (null, the best one).", unit="weight")


class OfMechanism(Section):
    """What the study `mechanism` does differently for this network."""

    experiments: Some[Experiment] | None = key(
        None, "Those of `mechanism.experiments` that it takes part in (null, all)."
    )
    momentum: Fraction | None = key(None, "SGD's momentum (null, that of the recipe).", unit="factor")
    weight_decay: NotNegative | None = key(
        None, "Weight decay, which may be 0 here (null, that of the prior).", unit="factor"
    )


class Model(Section):
    """A network under study: its prior, and the ways it is pruned."""

    import_: Annotated[Text, within(pattern=_TARGET)] | None = key(
        None,
        "A network that is not in the catalogue: `package.module:function` (your own), `torchvision:name` or "
        "`timm:name` (null, the catalogue's network of this name). See docs/own-network.md.",
        hint="write package.module:function, as in 'mypackage.nets:build' for mypackage/nets.py, or"
        " 'torchvision:resnet18'",
        alias="import",
    )
    kwargs: dict[str, Any] = key({}, "What the function is given beside `num_classes`, `in_channels` and `image_size`.")
    files: AnyNumber[Text] = key(
        (),
        "Files and folders that the code of an imported network reads. Results are made again when their content "
        "changes. See docs/own-network.md.",
        hint="write a list of paths, as in [mypackage/table.npy]",
    )
    weights: Text | None = key(
        None,
        "A file with the trained dense network's weights, which pruning starts from in place of a training: a state "
        "dict as safetensors, or as torch.save writes it (null, the dense network is trained). See "
        "docs/own-network.md.",
    )
    prunable: Literal["inside-blocks", "all"] = key(
        "inside-blocks",
        "Which channels of an imported network may be pruned: those that reach neither an addition nor a "
        "concatenation (`inside-blocks`), or `all` but its outputs.",
    )
    ignored_layers: AnyNumber[Text] | None = key(
        None,
        "Names of modules whose channels are never pruned, as torch-pruning has them; a module stands for all inside "
        "(null, those of the catalogue's network; of an imported one none). See docs/pruning.md.",
        hint="write a list of names, as in [layer1.0.conv1, layer4]",
    )
    learning_rate: Positive = key(
        ...,
        "The prior learning rate, the centre of the lattice; the dense network is trained with it.",
        unit="factor",
        hint="the lattice is logarithmic and has no zero",
        example=0.1,
    )
    weight_decay: Positive = key(
        ...,
        "The prior weight decay (L2), the centre of the lattice; the dense network is trained with it.",
        unit="factor",
        hint="the lattice is logarithmic and has no zero",
        example=0.0001,
    )
    methods: Some[Method] = key(
        ("uniform", "non_uniform"),
        "Ways of pruning. `uniform` keeps the same part of every layer, `non_uniform` ranks the filters of all layers "
        "together.",
    )
    criteria: Some[Criterion] = key(
        ("norm",),
        "By what channels are ranked, each for all methods and ratios: `norm`, the filter norm of the section "
        "`pruning`; `l1` or `l2`, that of this order; torch-pruning's `fpgm`, `bn_scale`, `taylor` and `lamp`; "
        "`random`, the control.",
    )
    pipelines: Some[Pipeline] = key(
        ("scratch",),
        "What is done with pruned networks, each for all criteria, methods and ratios: train them from `scratch`; go "
        "on from the weights that pruning left, repeating the schedule from `retraining.rewind_epoch` on "
        "(`rate_rewinding`) or for as many epochs at one small learning rate (`fine_tuning`); take the "
        "remaining weights back to that epoch and go on from there (`weight_rewinding`); or prune each seed's "
        "untrained network and train what is left of it (`prune_at_init`).",
    )
    ratios: AnyNumber[Ratio] = key(
        ...,
        "Pruning ratios: the part of the dense network's FLOPs that is kept, or of what else `pruning.target` says. "
        "`[]` leaves the network to the study `stochastic`, which prunes single weights, those without channels, too.",
        unit="part of the FLOPs",
        example=[0.6, 0.2],
    )
    stochastic: OfStochastic = section(OfStochastic)
    mechanism: OfMechanism = section(OfMechanism)
