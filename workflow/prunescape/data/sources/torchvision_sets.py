"""The sets that torchvision knows where to download: Fashion-MNIST, CIFAR-10 and CIFAR-100."""

from pathlib import Path

from prunescape.data.sources.cifar import open_cifar
from prunescape.data.sources.download import copy_folder
from prunescape.data.sources.fashion_mnist import open_fashion_mnist
from prunescape.data.sources.interface import Options, Source


def open_source(options: Options, downloads: Path) -> Source:
    """The data set that `options` name, from the user's copy or, where allowed, downloaded.

    Raises:
        UserError: a file is missing and cannot be downloaded, or is damaged.
    """
    root = copy_folder(options, downloads)
    return (open_fashion_mnist if options.name == "fashion_mnist" else open_cifar)(root, options)
