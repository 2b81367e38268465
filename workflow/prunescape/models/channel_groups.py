"""Which channels inside a network may be pruned, and how a network is built with fewer of them.

A channel group is one set of channels that stand and fall together: the filters of one convolution, the batch norms
(and the depthwise convolution) they pass through, and the input channels of the one convolution that reads them.
Every group lies inside a residual block, so that the residual stream keeps its width (thesis, section 3.2.5); where
there is no such stream, between two convolutions.
"""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class ChannelGroup:
    """Channels inside one residual block, by module names.

    Attributes:
        producer: the convolution whose filters make the channels; it names the group.
        norms: batch norms over the channels.
        consumer: the convolution that reads the channels.
        depthwise: a depthwise convolution between the two, if any.
    """

    producer: str
    norms: tuple[str, ...]
    consumer: str
    depthwise: str | None = None


def resize(model: nn.Module, group: ChannelGroup, channels: int) -> None:
    """Give `group` another number of channels, in place. Weights of the touched modules are fresh and uninitialised.

    Raises:
        ValueError: `channels` is not between 1 and the group's own number.
    """
    producer = model.get_submodule(group.producer)
    assert isinstance(producer, nn.Conv2d)
    if not 1 <= channels <= producer.out_channels:
        raise ValueError(f"{group.producer}: {channels} channels, must be 1 to {producer.out_channels}")
    _replace(model, group.producer, producer.in_channels, channels, 1)
    if group.depthwise is not None:
        _replace(model, group.depthwise, channels, channels, channels)
    for name in group.norms:
        model.set_submodule(name, nn.BatchNorm2d(channels))
    consumer = model.get_submodule(group.consumer)
    assert isinstance(consumer, nn.Conv2d)
    _replace(model, group.consumer, channels, consumer.out_channels, 1)


def _replace(model: nn.Module, name: str, inputs: int, outputs: int, groups: int) -> None:
    old = model.get_submodule(name)
    assert isinstance(old, nn.Conv2d)
    size, stride = (old.kernel_size[0], old.kernel_size[1]), (old.stride[0], old.stride[1])
    padding = (int(old.padding[0]), int(old.padding[1]))
    new = nn.Conv2d(inputs, outputs, size, stride, padding, groups=groups, bias=old.bias is not None)
    model.set_submodule(name, new)
