"""Files that are whole or not there: atomic writes, bounded reads, safe paths."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from livegate.errors import ConfigError, LivegateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path, *, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` and move it there when the block ends well.

    A reader sees the old bytes or the new, never a part; on any error (a full disk included)
    the old file stays and the temporary one is removed.

    Args:
        path: where the bytes are to be; the folder is made when missing.
        mode: permission bits of the new file.

    Raises:
        LivegateError: the folder or file cannot be written.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(stream.fileno(), mode)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise LivegateError(
            f"cannot write: {error.strerror or error}",
            where=str(path),
            todo="check free space and permissions of the folder; the file that was there is unchanged",
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write ``data`` to ``path`` atomically; see :func:`replacing`."""
    with replacing(path, mode=mode) as stream:
        stream.write(data)


def open_regular(path: Path) -> BinaryIO:
    """Open ``path`` for reading, if it is a regular file: a FIFO or device in its place must not hang the run.

    Raises:
        OSError: it is missing, unreadable, or something else.
    """
    # O_NONBLOCK: a FIFO without a writer opens at once and is refused below
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_bytes(path: Path, *, limit: int) -> bytes:
    """Read a file of at most ``limit`` bytes.

    Raises:
        ConfigError: it is missing, unreadable, larger, or no regular file.
    """
    try:
        with open_regular(path) as stream:
            data = stream.read(limit + 1)
    except OSError as error:
        raise ConfigError(f"cannot read: {error.strerror or error}", where=str(path)) from error
    if len(data) > limit:
        raise ConfigError(f"larger than {limit} bytes", where=str(path))
    return data
