"""The config's section `engine`."""

from typing import Annotated, Literal

from prunescape.config.section import Count, Flag, Integer, Section, Several, key


class Engine(Section):
    """Where training runs, and how fast."""

    device: Literal["auto", "cpu", "cuda"] = key("auto", "Where to compute: `auto` takes a GPU where there is one.")
    strategy: Literal["auto", "serial", "fused", "graphed"] = key(
        "auto",
        "How the cells of a tile are trained: one after the other (`serial`), in arrays as one program (`fused`), in "
        "arrays with each step as one CUDA graph (`graphed`). `auto` measures them for each network and takes the "
        "fastest.",
    )
    lanes: Count | None = key(
        None,
        "Cells an array holds, on a CPU 1 or a multiple of 16; idle copies fill up what a tile lacks (null, measured; "
        "serial, 1).",
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
