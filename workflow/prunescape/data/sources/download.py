"""Fetching the files of a data set, each with its checksum."""

import http.client
import socket
from collections.abc import Sequence
from pathlib import Path

from prunescape.data.own_files import is_folder, root_of
from prunescape.data.sources.interface import Options
from prunescape.errors import UserError

TIMEOUT = 60.0  # seconds without a byte, after which a server counts as dead


def copy_folder(options: Options, downloads: Path) -> Path:
    """The folder where the user's copy of the data set is, or where it is to be downloaded to.

    Raises:
        UserError: `data.directory` names no folder.
    """
    if options.directory is None:
        return downloads
    folder = root_of(options.directory)
    if not is_folder(folder):
        raise UserError(f"data.directory: {folder} is no folder; make it, or write null to download a copy")
    return folder


def fetch(urls: Sequence[str], folder: Path, filename: str, md5: str) -> None:
    """Download a file into `folder` from the first of `urls` that has it, unless a whole copy is there.

    Raises:
        UserError: no server gave the file that the checksum belongs to.
    """
    from prunescape.runtime.torchvision_compat import torchvision

    timeout = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    reason: Exception | None = None
    try:
        for url in urls:
            try:
                torchvision.datasets.utils.download_url(url, folder, filename, md5)
                return
            except (OSError, RuntimeError, http.client.HTTPException) as error:
                if not folder.is_dir():
                    raise  # the folder itself cannot be made: not the network's fault
                reason = error
    finally:
        socket.setdefaulttimeout(timeout)
    raise UserError(f"cannot download {urls[0]} ({reason}); put {filename} into {folder} and run again")
