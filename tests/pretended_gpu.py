"""A GPU that is pretended on a CPU: real numbers, and each storage knows on which device it pretends to be.

Inside `pretended()` PyTorch says that there is a GPU. What CUDA refuses is refused: an operation on tensors of both
devices, and, while a graph is captured, whatever waits for the device or copies from or to it. A captured graph is the
list of its operations; replaying runs them again on the same storages, so that a tensor that was replaced instead of
copied into, or a number that was baked into the graph, shows as a wrong number. Waits and copies are counted.

It cannot see kernels, rounding, speed, memory, or streams that do not wait for each other.
"""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode, _disable_current_modes
from torch.utils._pytree import tree_leaves, tree_map

aten = torch.ops.aten
CUDA, CPU = torch.device("cuda", 0), torch.device("cpu")
MEMORY = 80 << 30  # bytes
WAITS = {
    aten._local_scalar_dense.default,
    aten.nonzero.default,
    aten.masked_select.default,
    aten._unique2.default,
    aten.equal.default,
    aten.is_nonzero.default,
}
COPIES = {aten.copy_.default, aten._to_copy.default, aten.set_.source_Storage, aten._foreach_copy_.default}
INDEXES = {aten.index.Tensor, aten.index_put_.default, aten.index_put.default, aten._index_put_impl_.default}
# What makes a tensor on the device that it is told, the CPU where it is told none.
_MAKERS = """zeros ones empty full arange randn rand tensor as_tensor linspace randint randperm eye scalar_tensor
    empty_strided zeros_like ones_like empty_like full_like rand_like randn_like from_numpy logspace"""
FACTORIES = {getattr(torch, name) for name in _MAKERS.split()}
_real_device = torch._C.TensorBase.device.__get__  # type: ignore[attr-defined]


class DeviceError(RuntimeError):
    """An operation on tensors of both devices."""


class CaptureError(RuntimeError):
    """What a CUDA graph cannot hold."""


def _storage(tensor: torch.Tensor) -> Any:
    functorch = torch._C._functorch
    while functorch.is_functorch_wrapped_tensor(tensor):
        tensor = functorch.get_unwrapped(tensor)
    try:
        return tensor.untyped_storage()
    except (NotImplementedError, RuntimeError):  # a tensor that has none
        return None


def _tensors(values: Any) -> list[torch.Tensor]:
    return [value for value in tree_leaves(values) if isinstance(value, torch.Tensor)]


def _is_cuda(device: Any) -> bool:
    return device is not None and torch.device(device).type == "cuda"


def _alias(value: Any) -> Any:
    if not isinstance(value, torch.Tensor):
        return value
    with _disable_current_modes(), torch.no_grad():
        return value.detach()


class _Storages:
    """A set of storages, which are not kept alive."""

    def __init__(self) -> None:
        self._known: dict[int, StorageWeakRef] = {}

    def __contains__(self, tensor: torch.Tensor) -> bool:
        storage = _storage(tensor)
        known = None if storage is None else self._known.get(storage._cdata)
        return known is not None and not known.expired()

    def add(self, tensor: torch.Tensor) -> None:
        storage = _storage(tensor)
        self._known[storage._cdata] = StorageWeakRef(storage)
        if len(self._known) > 20_000:
            self._known = {place: known for place, known in self._known.items() if not known.expired()}

    def discard(self, tensor: torch.Tensor) -> None:
        self._known.pop(_storage(tensor)._cdata, None)


class PretendedGPU:
    """The pretended GPU, while it is there.

    Attributes:
        waits: how often the CPU waited for the device, by what.
        copies: how often numbers went from one device to the other, by what.
        replays: how often graphs were replayed.
    """

    def __init__(self) -> None:
        self.waits: Counter[str] = Counter()
        self.copies: Counter[str] = Counter()
        self.replays = 0
        self.capture: list[tuple[Any, ...]] | None = None
        self.told = 0  # whether a call is under way that makes a tensor where it is told
        self._here, self._anywhere = _Storages(), _Storages()

    def has(self, tensor: torch.Tensor) -> bool:
        """Whether a tensor is on the GPU."""
        return tensor in self._here

    def put(self, tensor: torch.Tensor, here: bool = True) -> torch.Tensor:
        """Say on which device a fresh tensor is."""
        (self._here.add if here else self._here.discard)(tensor)
        return tensor

    def waited(self, what: str) -> None:
        """Note that the CPU waits for the device."""
        self.waits[what] += 1
        if self.capture is not None:
            raise CaptureError(f"{what} waits for the device during capture")

    def copied(self, what: str) -> None:
        """Note a copy between the devices."""
        self.copies[what] += 1
        if self.capture is not None:
            raise CaptureError(f"{what} during capture")

    def move(self, tensor: torch.Tensor, here: bool, dtype: torch.dtype | None = None, **more: Any) -> torch.Tensor:
        """A copy on the other device."""
        self.copied("copy to the GPU") if here else self.waited("copy to the CPU")
        return self.put(tensor.to(dtype=dtype or tensor.dtype, copy=True, **more), here)

    def run(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, as CUDA would or would not."""
        inputs = _tensors((args, kwargs))
        here = [tensor for tensor in inputs if self.has(tensor)]
        if here:  # what backward passes make by themselves is made where it is used
            for tensor in inputs:
                if tensor in self._anywhere and not self.has(tensor):
                    self.put(tensor)
                    self._anywhere.discard(tensor)
                    here.append(tensor)
        device = kwargs.get("device")
        if _is_cuda(device):
            kwargs["device"] = CPU
        if kwargs.get("pin_memory"):
            kwargs["pin_memory"] = False
        if here:
            self._check(func, args, inputs)
        result = func(*args, **kwargs)
        outputs = _tensors(result)
        before = {_storage(tensor)._cdata for tensor in inputs if _storage(tensor) is not None}
        fresh = [_storage(tensor)._cdata not in before for tensor in outputs]
        on_gpu = _is_cuda(device) or bool(here)
        if device is None and func in INDEXES:
            on_gpu = self.has(args[0])
        if func is not aten.copy_.default:
            free = not on_gpu and not self.told and all(tensor in self._anywhere for tensor in inputs)
            for tensor, new in zip(outputs, fresh, strict=True):
                if _real_device(tensor).type == "meta" or not new:
                    continue
                self.put(tensor, on_gpu)
                if free:
                    self._anywhere.add(tensor)
        if self.capture is not None and on_gpu:
            self.capture.append((func, tree_map(_alias, args), kwargs, [_alias(one) for one in outputs], fresh))
        return result

    def _check(self, func: Any, args: tuple[Any, ...], inputs: list[torch.Tensor]) -> None:
        """Raise what CUDA raises, and count waits and copies."""
        indexes = [index for index in args[1] if index is not None] if func in INDEXES else []
        masks = any(index.dtype in (torch.bool, torch.uint8) for index in indexes)
        if func in WAITS or masks:
            self.waited(str(func))
        away = [tensor for tensor in inputs if not self.has(tensor) and _real_device(tensor).type != "meta"]
        large = [tensor for tensor in away if tensor.dim() > 0]  # a single number may be on the CPU
        if func is aten.copy_.default and away:
            self.copied(str(func)) if self.has(args[0]) else self.waited(str(func))
        elif func not in COPIES and large:
            places = [id(index) for index in indexes]
            if not (places and self.has(args[0]) and all(id(tensor) in places for tensor in large)):
                where = [(tuple(one.shape), "cuda" if self.has(one) else "cpu") for one in inputs]
                raise DeviceError(f"{func} on tensors of both devices: {where}")
            self.copied(f"{func} with an index on the CPU")


class _Operations(TorchDispatchMode):
    def __init__(self, gpu: PretendedGPU) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.gpu.run(func, args, dict(kwargs or {}))


class _Functions(TorchFunctionMode):
    """Functions that name a device, before PyTorch looks at it."""

    def __init__(self, gpu: PretendedGPU) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        gpu, kwargs = self.gpu, dict(kwargs or {})
        if func is torch.Tensor.to:
            return self._to(args[0], list(args[1:]), kwargs)
        if func in (torch.tensor, torch.as_tensor) and _is_cuda(kwargs.get("device")):
            kwargs.pop("device")
            return gpu.move(func(*args, **kwargs), True)
        if func is torch.Tensor.cpu:
            return gpu.move(args[0], False) if gpu.has(args[0]) else args[0]
        if func is torch.Tensor.cuda:
            return args[0] if gpu.has(args[0]) else gpu.move(args[0], True)
        if func in (torch.Tensor.numpy, torch.Tensor.__array__) and gpu.has(args[0]):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        if func is torch.Tensor.tolist and gpu.has(args[0]):
            gpu.waited("tolist")
        if func is torch.Tensor.pin_memory:
            return args[0].clone()
        told = func in FACTORIES or getattr(func, "__name__", "").startswith("new_")
        gpu.told += told
        try:
            return func(*args, **kwargs)
        finally:
            gpu.told -= told

    def _to(self, tensor: torch.Tensor, rest: list[Any], kwargs: dict[str, Any]) -> torch.Tensor:
        device, dtype, other = (kwargs.pop(name, None) for name in ("device", "dtype", "other"))
        kwargs.pop("non_blocking", None)
        for value in rest:
            if isinstance(value, torch.Tensor):
                other = value
            elif isinstance(value, torch.dtype):
                dtype = value
            elif isinstance(value, str | torch.device):
                device = value
        if other is not None:
            device, dtype = other.device, other.dtype
        dtype, copy = dtype or tensor.dtype, kwargs.pop("copy", False)
        if device is not None and torch.device(device).type == "meta":
            return tensor.to("meta", dtype=dtype, copy=copy)
        here = self.gpu.has(tensor) if device is None else _is_cuda(device)
        if here == self.gpu.has(tensor):
            return tensor.to(dtype=dtype, copy=copy, **kwargs)
        return self.gpu.move(tensor, here, dtype, **kwargs)


class _Stream:
    def __init__(self, *arguments: Any, **more: Any) -> None: ...

    def wait_stream(self, other: "_Stream") -> None: ...

    def synchronize(self) -> None: ...

    def record(self, *arguments: Any) -> None: ...


def _graphs(gpu: PretendedGPU) -> tuple[type, Callable[..., Any]]:
    """What stands for torch.cuda.CUDAGraph and torch.cuda.graph."""

    class Graph:
        calls: list[tuple[Any, ...]] = []  # noqa: RUF012 - replaced by a capture

        def pool(self) -> tuple[int, int]:
            return (0, 0)

        def replay(self) -> None:
            gpu.replays += 1
            with _disable_current_modes(), torch.no_grad():
                for func, args, kwargs, outputs, fresh in self.calls:
                    again = _tensors(func(*args, **kwargs))
                    for mine, new, is_fresh in zip(outputs, again, fresh, strict=True):
                        if is_fresh:
                            mine.copy_(new)

    @contextlib.contextmanager
    def capture(graph: Graph, *arguments: Any, **more: Any) -> Iterator[None]:
        gpu.capture = []
        try:
            yield
            graph.calls = gpu.capture
        finally:
            gpu.capture = None

    return Graph, capture


@contextlib.contextmanager
def pretended() -> Iterator[PretendedGPU]:
    """Inside, there is a GPU."""
    gpu = PretendedGPU()
    graph, capture = _graphs(gpu)
    deepcopy = torch.Tensor.__deepcopy__

    def copied(tensor: torch.Tensor, memo: dict[int, Any]) -> Any:
        if not gpu.has(tensor):
            return deepcopy(tensor, memo)
        if id(tensor) not in memo:
            with torch.no_grad():
                new: Any = gpu.put(tensor.detach().clone())
            if isinstance(tensor, torch.nn.Parameter):
                new = torch.nn.Parameter(new, tensor.requires_grad)
            memo[id(tensor)] = new
        return memo[id(tensor)]

    cuda = {
        "_lazy_init": lambda: None,
        "is_available": lambda: True,
        "device_count": lambda: 1,
        "current_device": lambda: 0,
        "set_device": lambda device: None,
        "mem_get_info": lambda device=None: (MEMORY, MEMORY),
        "synchronize": lambda *arguments: gpu.waited("synchronize"),
        "empty_cache": lambda: None,
        "reset_peak_memory_stats": lambda *arguments: None,
        "max_memory_allocated": lambda *arguments: 0,
        "get_device_name": lambda *arguments: "Pretended GPU",
        "Stream": _Stream,
        "Event": _Stream,
        "CUDAGraph": graph,
        "graph": capture,
        "current_stream": lambda *arguments: _Stream(),
        "stream": lambda stream: contextlib.nullcontext(),
        "is_current_stream_capturing": lambda: gpu.capture is not None,
    }
    tensor = {
        "device": property(lambda tensor: CUDA if gpu.has(tensor) else _real_device(tensor)),
        "is_cuda": property(gpu.has),
        "pin_memory": lambda tensor, *arguments: tensor.clone(),
        "__deepcopy__": copied,
        "get_device": lambda tensor: 0 if gpu.has(tensor) else -1,
    }
    autocast = torch.autocast

    def cast(device: str, *more: Any, **others: Any) -> Any:  # which for "cuda" knows real tensors of CUDA alone
        return autocast("cpu", *more, **others)

    lifted = torch._C._only_lift_cpu_tensors()
    with contextlib.ExitStack() as stack:
        for name, value in cuda.items():
            stack.enter_context(patch.object(torch.cuda, name, value))
        for name, value in tensor.items():
            stack.enter_context(patch.object(torch.Tensor, name, value))
        stack.enter_context(patch.object(torch, "autocast", cast))
        torch._C._set_only_lift_cpu_tensors(True)
        stack.callback(torch._C._set_only_lift_cpu_tensors, lifted)
        stack.enter_context(_Functions(gpu))
        stack.enter_context(_Operations(gpu))
        yield gpu
