"""Folders that end with a run: in memory where the system has room there, for a run makes hundreds of small files."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108  # the kernel's, on Linux; what is made in it is a private folder of our own
_ROOM = 1 << 30


def temporary(name: str, *, within: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """A private folder (0700) that is removed when the block ends.

    Args:
        name: tells whose it was, should the run be killed. within: where it is to be made. Without it: where ``TMPDIR``
            says, else in memory if a gigabyte is free there (keys of a run then never reach a disk), else where the
            system has its temporary files.
    """
    return tempfile.TemporaryDirectory(prefix=f"livegate-{name}-", dir=within or _place())


def _place() -> Path | None:
    if "TMPDIR" in os.environ or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return None
    return _MEMORY if shutil.disk_usage(_MEMORY).free > _ROOM else None
