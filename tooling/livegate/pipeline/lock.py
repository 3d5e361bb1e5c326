"""One writer at a time: what reads documents, stamps them and puts bundles in their place does so alone.

Without it, two commands at once could each read, and the slower one would put its older answer over the newer:
a revocation would be lost.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import filelock

from livegate.errors import LivegateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livegate.project import Project

PATIENCE = 60.0
"""Seconds that a command waits for another; the longest thing done alone is a sync of a million grants."""


@contextlib.contextmanager
def exclusively(project: Project, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold ``state/project.lock``. One thread may take it again inside itself; the system frees it with the process.

    Raises:
        LivegateError: another command held it for ``patience`` seconds, or the file cannot be made.
    """
    path = project.private_state() / "project.lock"
    # a singleton per path counts how often its thread took it, so `revoke` can hold it around `build`, which takes it
    lock = filelock.FileLock(path.resolve(), mode=0o600, is_singleton=True)
    try:
        lock.acquire(timeout=patience)
    except filelock.Timeout as error:
        raise LivegateError(
            f"another livegate command has been writing here for {patience:g} s",
            where=str(path),
            todo="wait for it to end, then try again",
        ) from error
    except OSError as error:
        raise LivegateError(f"cannot lock: {error.strerror or error}", where=str(path)) from error
    try:
        yield
    finally:
        lock.release()
