"""What goes wrong outside the program, in a line that says what to do."""

import errno
import re

from prunescape.errors import UserError

_FULL = "free some space and go on with the same command, finished results are kept"
REMEDIES = {
    errno.ENOSPC: f"the disk is full; {_FULL}",
    errno.EDQUOT: f"the disk quota is used up; {_FULL}",
    errno.EFBIG: f"the file would be larger than is allowed here (see ulimit -f); {_FULL}",
    errno.EROFS: "the file system is read-only; make it writable, or work in another folder",
    errno.EACCES: "no permission; make it writable, or work in another folder",
    errno.EPERM: "no permission; make it writable, or work in another folder",
    errno.EIO: "the disk or its network failed; go on with the same command once it works, finished results are kept",
    errno.ESTALE: "the network disk was lost; go on with the same command once it is back, finished results are kept",
}
# As libraries written in Rust, such as safetensors, say it.
_RUST = re.compile(r"\(os error (\d+)\)")


def in_words(error: BaseException) -> str | None:
    """The line that a user is meant to read; None for what is a defect of ours."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        number, where = error.errno, error.filename
    else:
        match = _RUST.search(str(error))
        number, where = (int(match.group(1)) if match else None), None
    remedy = REMEDIES.get(number or 0)
    return None if remedy is None else f"{where or 'writing'}: {remedy}"
