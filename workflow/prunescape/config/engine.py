"""The config's sections `engine` and `cluster`."""

from typing import Annotated, Literal

from prunescape.config.section import Count, Flag, Integer, Positive, Section, Several, key


class Engine(Section):
    """Where training runs, and how fast."""

    device: Literal["auto", "cpu", "cuda"] = key("auto", "Where to compute: `auto` takes a GPU where there is one.")
    strategy: Literal["auto", "serial", "fused", "vmap", "graphed", "branches"] = key(
        "auto",
        "How the cells of a tile are trained: one after the other (`serial`), in arrays as one program of layers that "
        "know lanes (`fused`) or, with layers of any kind, by torch.func.vmap (`vmap`), in arrays with each step as "
        "one CUDA graph (`graphed`), or as branches of one CUDA graph beside each other, each with the bits of "
        "`serial` (`branches`). `auto` measures them for each network and takes the fastest.",
    )
    lanes: Count | None = key(
        None,
        "Cells an array holds at most, on a CPU 1 or a multiple of 16; an array for fewer cells is smaller, on a CPU "
        "idle copies fill it up to a multiple of 16 (null, measured; serial, 1).",
        unit="cells",
    )
    threads: Annotated[int, Integer(ge=1, le=1024)] = key(
        1, "CPU cores of a training job; on a CPU each trains an array of its own.", unit="cores"
    )
    precision: Literal["auto", "float32", "tf32", "bfloat16", "float64"] = key(
        "auto",
        "Arithmetic of training; `tf32` is float32 with matrix products in TF32, `bfloat16` mixed precision; `auto` "
        "is `tf32` on a GPU and `float32` on a CPU.",
    )
    channels_last: Flag | None = key(
        None,
        "Whether activations are laid out channels last (null, true on a CPU; on a GPU false, or measured where "
        "`strategy` is `auto`).",
    )
    compile: Flag = key(
        False, "Whether networks go through `torch.compile`, which takes minutes first and needs a C++ compiler."
    )
    micro_batch: Several | None = key(
        None,
        "Images that go through a network at once, for batches that do not fit into memory; gradients are added up "
        "over the batch, and batch norm sees the parts (null, whole batches).",
        unit="images",
    )


class Cluster(Section):
    """From what the run time is estimated that a training job asks a cluster for. Nothing here changes a result."""

    teraflops: Positive = key(
        1.0,
        "Speed that training sustains on one device, in 1e12 FLOPs a second. Small networks stay far below what the "
        "device is sold with.",
        unit="teraFLOPs a second",
    )
    startup_minutes: Positive = key(
        10.0, "Time asked for beyond training itself, to start, to read the data, and to spare.", unit="minutes"
    )
    longest_hours: Positive | None = key(
        None,
        "The longest run time that a partition allows (null, no limit). A tile that needs more goes on in its next "
        "attempt.",
        unit="hours",
    )
