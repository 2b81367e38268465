"""A model card: what a network is, how good and how costly, how it came about, and what to beware of.

After M. Mitchell et al., Model Cards for Model Reporting, FAccT 2019, section 4, as far as a run knows the answers.
"""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from prunescape.printable import printable
from prunescape.pruning.settings import TARGETS
from prunescape.training.recipe import ADAM, ADAMW, SGD
from prunescape.training.retraining import AT_INIT, FINE_TUNING, RATE_REWINDING, SCRATCH, WEIGHT_REWINDING

_CARD = """# {{ model }}, {{ variant }}

{% if variant == "dense" %}
An image classifier, dense; made by the run `{{ run }}` of prunescape.
{% else %}
An image classifier, structurally pruned by the method `{{ method }}` and then {{ trained[pipeline] }}; made by the run
`{{ run }}` of prunescape. It keeps {{ (100 * cost.achieved_ratio) | digits(1) }} % of the dense network's
{{ targets[target] }} (the target was {{ (100 * cost.target_ratio) | short }} %).
{% endif %}

| | |
|---|---|
| data set | {{ data.name }}: {{ data.sizes.train }} training images, {{ data.sizes.validation }} validation images |
| input | `images`, float32, N x {{ data.input_shape | join(" x ") }}, values 0 to 1; normalisation is built in |
| output | `logits`, float32, N x {{ data.classes | length }} |
| classes, in this order | {{ data.classes | map("plain") | join(", ") }} |
| top-1 accuracy | {{ check.torch.top1 | digits }} % of the validation images |
| FLOPs | {{ "{:,}".format(cost.flops) }} an image (2 x multiply-accumulates of convolutions and matrix products) |
| parameters | {{ "{:,}".format(cost.params) }} |
| learning rate | {{ cell.learning_rate | short }} |
| weight decay | {{ cell.weight_decay | short }} |
| recipe | {{ optimisers[recipe.optimiser] }}, {{ cell.epochs }} epochs, batches of {{ recipe.batch_size }},
{%- if recipe.optimiser == "sgd" %} momentum {{ recipe.momentum | short }},{% endif %}
{%- if recipe.label_smoothing %} label smoothing {{ recipe.label_smoothing | short }},{% endif %}
{#- #} schedule `{{ recipe.schedule }}` |
| seed | {{ cell.cell_seed | default(cell.seed) }} |

## How it was chosen

{% if advice %}
The run's verdict on {{ axes.words }}: **{{ advice }}**. This network was trained at the setting that it says to use.
{% else %}
It was trained at the {{ axes.words }} that tuning the dense network gave.
{% endif %}
The main job explored {{ axes.first.of.plural }} and {{ axes.second.of.plural }} on a lattice; at this cell, trainings
reached {{ cell.mean_top1 | digits }} % on average ({{ cell.seeds }} {{ "seed" if cell.seeds == 1 else "seeds" }}), and
this is the best of them. Choices were made on the validation images, on which the accuracy above was measured too:
expect somewhat less on new ones.

The main job keeps tables and no weights: this cell was trained again for the export, with the same settings and seed.
It reached {{ trained_top1 | digits }} %, and {{ cell.top1 | digits }} % in the main job
{{- ": the same." if trained_top1 == cell.top1 else "; on a GPU, or on another machine, they may differ." }}

## Risk

{% if not risk %}
What other settings cost was not measured: it needs the full grid (`exploration.method: grid`).
{% elif variant == "dense" %}
Cells within {{ risk_roi | short }} points of the best are this network's region of interest. Choosing any of them costs
{{ risk.d_mean | digits }} points of accuracy on average.
{% else %}
To train this network at a {{ axes.words }} that suit the dense one (a cell of its
{{ risk_roi | short }}-ROI; there are {{ risk.n_cells }}) costs {{ risk.d_mean | digits }} points of accuracy on
average, with a standard deviation of {{ risk.d_std | digits }}.
{% endif %}

## Files, and what was compared

| file | largest difference of a logit | same class | top-1 |
|---|---:|---:|---:|
{% for file, runtime, found in (("onnx", "ONNX Runtime", check.onnx), ("pt2", "`torch.export`", check.torch_export)) %}
| `model.{{ file }}`, {{ runtime }} | {{ "%.1e" | format(found.largest_difference) }} |
{#- #} {{ (100 * found.same_class) | digits }} % | {{ found.top1 | digits }} % |
{% endfor %}

Both were compared with the network itself on all {{ check.images }} validation images. `weights.safetensors` holds the
same weights; its architecture is `architecture.json`.

## Widths

Channels of the layers whose channels may be pruned:

| layer | channels | of |
|---|---:|---:|
{% for layer in channels %}
| `{{ layer.layer }}` | {{ layer.channels }} | {{ layer.dense_channels }} |
{% endfor %}

## Limits

Trained to compare ways of pruning, on the data set above alone: nothing is known of other images, of groups of people
or things among them, or of robustness. The licence of the data set applies to what is made of it.
"""


_TRAINED = {
    SCRATCH: "trained from scratch",
    FINE_TUNING: "fine-tuned",
    RATE_REWINDING: "trained on with the learning rate rewound",
    WEIGHT_REWINDING: "trained on with learning rate and weights rewound",
    AT_INIT: "trained, from what pruning left of the initial weights",
}


_OPTIMISERS = {SGD: "SGD", ADAM: "Adam", ADAMW: "AdamW"}


def _plain(name: str) -> str:
    """A name that a folder gives, as a cell of a Markdown table shows it: nothing in it is obeyed."""
    return re.sub(r"([\\`*\[\]<|])", r"\\\1", printable(name).replace("\n", " "))


def model_card(facts: Mapping[str, Any]) -> str:
    """A network's model card as Markdown.

    Args:
        facts: run, model, variant, method, pipeline, target, recipe, risk_roi; axes (the grid's, a `Pair`); data
            (`PreparedData`); cell (what `chosen_training` gives); trained_top1 (in percent, of the export's own
            training); check (what `export` gives); cost (the network's row of `pruning.csv`); channels (its rows of
            `channels.csv`); risk (its row of `risk.csv`; empty
            where no full grid was trained); advice (the verdict; None for the dense network).
    """
    environment = Environment(trim_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)
    environment.filters["digits"] = lambda value, places=2: f"{value:.{places}f}"
    environment.filters["short"] = lambda value: f"{value:.6g}"
    environment.filters["plain"] = _plain
    return environment.from_string(_CARD).render(**facts, trained=_TRAINED, targets=TARGETS, optimisers=_OPTIMISERS)
