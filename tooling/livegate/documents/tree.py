"""The document tree as OPA reads it from ``data/``.

OPA merges every ``.json``, ``.yaml`` and ``.yml`` file of a folder into the folder's path, whatever
the file is called; objects merge member by member, anything else in the same place is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import schema, yamlfiles
from livegate.errors import ConfigError, DocumentError

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = frozenset({".json", ".yaml", ".yml"})


def files(folder: Path) -> list[Path]:
    """Every file below ``folder`` that OPA would load as data, in order of path."""
    return sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())


def load(data: Path, root: str) -> dict[str, Any]:
    """The document ``root``, merged from ``data/<root>/``.

    Raises:
        ConfigError: a file cannot be read, is no object, or gives a value that another file gave;
            the message names file and key.
    """
    document: dict[str, Any] = {}
    folder = data / root
    for path in files(folder):
        value = yamlfiles.load(path)
        if value is None:
            continue
        if not isinstance(value, dict):
            raise ConfigError("a data file holds an object at its top", where=str(path))
        for part in reversed(path.parent.relative_to(folder).parts):
            value = {part: value}
        _merge(document, value, path, ())
    return document


def checked(document: dict[str, Any], root: str, *, where: str) -> dict[str, Any]:
    """The document, once its schema has nothing against it.

    Raises:
        DocumentError: names the key that is wrong.
    """
    try:
        schema.check(document, schema.validator("livegate.documents", root), where=where)
    except ConfigError as error:
        raise DocumentError(error.what, where=error.where, todo=error.todo) from error
    return document


def _merge(into: dict[str, Any], value: dict[str, Any], path: Path, at: tuple[str, ...]) -> None:
    for key, new in value.items():
        if not isinstance(key, str):
            raise ConfigError(f"key {key!r} is no text; quote it", where=str(path))
        old = into.get(key)
        if key not in into:
            into[key] = new
        elif isinstance(old, dict) and isinstance(new, dict):
            _merge(old, new, path, (*at, key))
        else:
            place = schema.key_path((*at, key))
            raise ConfigError(
                f"{place} is given by another file of this folder too", where=str(path), todo="keep it in one of them"
            )
