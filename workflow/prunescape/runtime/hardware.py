"""The hardware that computes: the name of this machine's processor, or of the GPU that this process has used."""

import platform
import sys
from functools import cache
from pathlib import Path


@cache
def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8", errors="replace") if info.is_file() else ""
    name = next((line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")), "")
    return name or platform.processor() or platform.machine()


def computed_on() -> str:
    """The GPU that this process has used, or else the processor. Does not import torch where nobody has."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return str(torch.cuda.get_device_name())
    return processor()
