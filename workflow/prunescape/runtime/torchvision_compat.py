"""Import torchvision wherever its Python part works.

A CPU build of torch beside a CUDA build of torchvision cannot load torchvision's compiled operators, and its import
then fails on two operator schemas that nothing here uses. Import torchvision (or ptflops, which imports it) only
after this.
"""

import torch

_missing = [op for op in ("nms", "qnms") if not hasattr(torch.ops.torchvision, op)]
try:
    import torchvision
except RuntimeError:  # "operator torchvision::nms does not exist"
    import sys

    for name in [module for module in sys.modules if module.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    LIBRARY = torch.library.Library("torchvision", "FRAGMENT")  # the schemas live as long as this object
    for operator in _missing:
        LIBRARY.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

__all__ = ["torchvision"]
