"""Pruned layers brought back to their scale, measured by hooks of the test's own."""

import copy

import torch
from torch import nn

from prunescape.pruning.repair import rescale
from prunescape.pruning.scores import magnitude
from prunescape.pruning.unstructured import apply_masks, masks, prunable


class Branches(nn.Module):
    """Layers that are called in another order than they are registered in, with and without biases, and batch norm."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(4, 3)
        self.first = nn.Conv2d(2, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.middle = nn.Conv2d(4, 4, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(torch.relu(self.middle(torch.relu(self.norm(self.first(x))))).mean((2, 3)))


def outputs(network: nn.Module, images: torch.Tensor) -> dict[str, torch.Tensor]:
    """By layer, (outputs, images and places)."""
    found, hooks = {}, []
    for name in ("first", "middle", "last"):

        def keep(module: nn.Module, inputs: object, output: torch.Tensor, name: str = name) -> None:
            found[name] = output.detach().transpose(0, 1).flatten(1)

        hooks.append(network.get_submodule(name).register_forward_hook(keep))
    with torch.no_grad():
        network.eval()(images)
    for hook in hooks:
        hook.remove()
    return found


def test_outputs_have_the_scale_that_they_had() -> None:
    torch.manual_seed(0)
    dense = Branches().double()
    images = torch.rand(30, 2, 6, 6, dtype=torch.float64)
    dense(images)  # statistics
    kept = masks(magnitude(prunable(dense)), 0.6)
    kept["middle.weight"][2] = False  # an output that does not vary any more
    pruned = apply_masks(copy.deepcopy(dense), kept)
    plain = outputs(pruned, images)
    before = {name: weight.clone() for name, weight in prunable(pruned).items()}
    rescale(pruned, dense, [(images[:20], torch.zeros(20)), (images[20:], torch.zeros(10))])
    wanted, found = outputs(dense, images), outputs(pruned, images)
    for name in wanted:
        alive = plain[name].std(1) > 1e-9
        assert alive.sum() >= 2
        torch.testing.assert_close(found[name].std(1)[alive], wanted[name].std(1)[alive], rtol=1e-9, atol=0)
        assert not torch.allclose(plain[name].std(1)[alive], wanted[name].std(1)[alive], rtol=1e-2)
        if name != "first":  # which has no bias
            torch.testing.assert_close(found[name].mean(1), wanted[name].mean(1), rtol=1e-9, atol=1e-9)
    for name, weight in before.items():
        now = pruned.get_parameter(name).detach().flatten(1)
        factors = now.norm(dim=1) / weight.flatten(1).norm(dim=1)
        torch.testing.assert_close(now, weight.flatten(1) * factors.nan_to_num(0.0)[:, None])
        assert bool((now[~kept[name].flatten(1)] == 0).all())
    left = rescale(apply_masks(copy.deepcopy(dense), kept), dense, [(images, torch.zeros(30))], "first_last")
    same = [name for name in kept if torch.equal(left.get_parameter(name), before[name])]
    assert same == ["last.weight", "middle.weight"]  # as registered
