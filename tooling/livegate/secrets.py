"""Secrets by reference: ``env:NAME`` or ``file:/path``; the value itself is never in a configuration.

A :class:`Secret` hides its value from ``repr``, logs and errors; only :meth:`Secret.reveal` gives it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from livegate.errors import ConfigError

_LIMIT = 64 * 1024


class Secret:
    """A value that does not show itself."""

    __slots__ = ("_reference", "_value")

    def __init__(self, value: str, reference: str) -> None:
        self._value = value
        self._reference = reference

    def reveal(self) -> str:
        """The value, for the one call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self._reference})"

    __str__ = __repr__


def resolve(reference: str, *, where: str, base: Path | None = None) -> Secret:
    """Read the secret that ``reference`` names.

    Args:
        reference: ``env:NAME`` or ``file:PATH`` (relative to ``base``).
        where: the file and key that hold the reference, for the error message.
        base: folder for relative paths; the working folder if left out.

    Raises:
        ConfigError: no such reference form, nothing there, empty, or a file that others can read.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name, "")
        if not value:
            raise ConfigError(f"environment variable {name} is not set", where=where, todo=f"export {name}=…")
        return Secret(value.strip(), reference)
    if kind == "file" and name:
        return Secret(_read_private(_expand(name, base), where), reference)
    raise ConfigError(
        "a secret is given by reference",
        where=where,
        todo="write env:NAME or file:/path, never the secret itself",
    )


def _expand(name: str, base: Path | None) -> Path:
    path = Path(name).expanduser()
    return path if path.is_absolute() or base is None else base / path


def _read_private(path: Path, where: str) -> str:
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise ConfigError(f"{path} is not a regular file", where=where)
            if mode & 0o077:
                raise ConfigError(
                    f"{path} can be read by others (mode {stat.S_IMODE(mode):04o})",
                    where=where,
                    todo=f"chmod 600 {path}",
                )
            value = stream.read(_LIMIT).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"cannot read {path}: {reason}", where=where) from error
    if not value:
        raise ConfigError(f"{path} is empty", where=where)
    return value
