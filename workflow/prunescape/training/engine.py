"""On what networks are trained, and how: choices that may change the last bits of a result."""

import contextlib
import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from prunescape.config.engine import Engine as Section
from prunescape.errors import UserError
from prunescape.lanes.fuse import Branches, fuse, has_lane_layers
from prunescape.training.strategy import (
    AUTO,
    BRANCHES,
    CAPTURED,
    GRAPHED,
    SERIAL,
    VMAP,
    Strategy,
    array_size,
    candidates,
    in_turn,
)
from prunescape.training.workers import claim_gpu


@dataclass(frozen=True)
class Engine:
    """Device, strategy and precision with which training runs.

    Attributes:
        device: "cpu" or "cuda".
        strategy: "serial", "fused", "vmap", "graphed" or "branches".
        lanes: networks trained together as one array, at most; an array for fewer is smaller, on a CPU a multiple of
            16 that idle copies fill up, so that a lane's bits do not depend on how many neighbours it has.
        threads: CPU cores; on a CPU so many arrays are trained side by side. Each has one core and no more, because the
            rounding of a sum depends on how many share the work.
        precision: "float32"; "tf32", float32 with matrix products in TF32; "bfloat16", autocast; or "float64".
        channels_last: the memory layout of images and activations.
        compile: whether torch.compile is applied to the network.
        micro_batch: most images that go through the network at once; gradients of a batch's parts are added up. None
            takes whole batches. Batch norm sees the parts.
    """

    device: str = "cpu"
    strategy: str = SERIAL
    lanes: int = 1
    threads: int = 1
    precision: str = "float32"
    channels_last: bool = True
    compile: bool = False
    micro_batch: int | None = None

    @classmethod
    def from_config(cls, section: Section, threads: int = 1, chosen: Mapping[str, Any] | None = None) -> "Engine":
        """From the config's section `engine`; device "auto" becomes the GPU if there is one.

        Args:
            threads: CPU cores that the job may use.
            chosen: what `calibrate` chose, where the section leaves something to it.

        Raises:
            UserError: a GPU is asked for and there is none, or the choice was made on a CPU or GPU of another model.
        """
        device = section.device
        if device == AUTO:
            device = "cuda" if torch.cuda.is_available() else "cpu"
        if device == "cuda" and not torch.cuda.is_available():
            raise UserError(
                "engine.device is 'cuda', but this job sees no GPU; ask the cluster for one (see profiles/) or set"
                " engine.device to 'auto' or 'cpu'"
            )
        strategy = candidates(section, device, 1)[0]
        if chosen is not None:
            here = _name(device)
            if chosen["device"] != here:
                raise UserError(
                    f"how to train was measured on {chosen['device']}, and this job runs on {here}; let all"
                    " training run on one kind of machine (see profiles/), or say `snakemake --forcerun calibrate`"
                )
            strategy = Strategy(chosen["strategy"], chosen["lanes"], chosen["channels_last"])
        if strategy.name in CAPTURED and device != "cuda":
            raise UserError(
                f"engine.strategy '{strategy.name}' needs a GPU, and this job sees none; set it to 'auto', 'fused' or"
                " 'serial'"
            )
        precision = section.precision
        if precision == AUTO:
            precision = "tf32" if device == "cuda" else "float32"
        compiled, micro_batch = section.compile, section.micro_batch
        base = cls(device, threads=threads, precision=precision, compile=compiled, micro_batch=micro_batch)
        return base.using(strategy)

    @classmethod
    def from_settings(
        cls, values: Mapping[str, Any], threads: int = 1, chosen: Mapping[str, Any] | None = None
    ) -> "Engine":
        """From a job's setting `engine`, the section's values; see `from_config`."""
        return cls.from_config(Section.model_validate(values), threads, chosen)

    def using(self, strategy: Strategy) -> "Engine":
        """A copy of the engine with another strategy."""
        return replace(self, strategy=strategy.name, lanes=strategy.lanes, channels_last=strategy.channels_last)

    def sized(self, networks: int) -> "Engine":
        """A copy of the engine for an array of so many networks."""
        return replace(self, lanes=array_size(self.lanes, networks, self.device))

    def fitting(self, networks: int) -> "Engine":
        """A copy of the engine for a training of so many networks in all: of a few on a CPU, one after the other."""
        if self.strategy == SERIAL or not in_turn(networks, self.device):
            return self
        return replace(self, strategy=SERIAL, lanes=1)

    def set_up(self) -> None:
        """Prepare this process: threads, a GPU of its own, deterministic kernels, and memory kept between steps."""
        torch.set_num_threads(1 if self.device == "cpu" else self.threads)
        if self.device == "cuda":
            claim_gpu()
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = self.precision == "tf32"
        torch.backends.cuda.matmul.allow_tf32 = self.precision == "tf32"
        _keep_freed_memory()

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights, the images and the loss."""
        return torch.float64 if self.precision == "float64" else torch.float32

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """The context in which forward passes run."""
        if self.precision == "bfloat16":
            # No cache of cast weights: a captured graph would read it after it was freed.
            return torch.autocast(self.device, torch.bfloat16, cache_enabled=False)
        return contextlib.nullcontext()

    def describe(self) -> str:
        """The device in words, for tables."""
        return _name(self.device)

    def array(self, models: Sequence[nn.Module]) -> nn.Module:
        """Plain networks of one architecture as one, on the device."""
        if self.strategy == BRANCHES:
            return Branches(models).to(self.device, self.dtype)
        by_vmap = self.strategy == VMAP or (self.strategy == GRAPHED and not has_lane_layers(models[0]))
        return fuse(models, by_vmap).to(self.device, self.dtype)

    def choices(self) -> dict[str, Any]:
        """Settings that change the last bits of results, as JSON values; threads, graphs and branches do not."""
        return {
            **({"vmap": True} if self.strategy == VMAP else {}),
            "device": self.device,
            "lanes": 1 if self.strategy == BRANCHES else self.lanes,
            "precision": self.precision,
            "channels_last": self.channels_last,
            "compile": self.compile,
            "micro_batch": self.micro_batch,
        }


def _name(device: str) -> str:
    """The model of a device."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def at_hand(section: Section) -> Engine:
    """The engine of the config's section, on the CPU where this machine has no GPU, one network at a time."""
    device = section.device if torch.cuda.is_available() else "cpu"
    engine = Engine.from_config(section.changed(device=device, strategy=SERIAL))
    engine.set_up()
    return engine


def _keep_freed_memory() -> None:
    """Tell glibc to reuse large blocks; else each activation is mapped and zeroed anew, which costs CPU time."""
    m_trim_threshold, m_mmap_threshold = -1, -3
    with contextlib.suppress(OSError, AttributeError):  # another C library: nothing to tell
        mallopt = ctypes.CDLL("libc.so.6").mallopt
        mallopt(m_mmap_threshold, 1 << 30)
        mallopt(m_trim_threshold, 1 << 30)


def give_memory_back() -> None:
    """Return freed memory to the system, as blocks of ever other sizes would add up."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)
