"""The data tree: the files under ``data/<root>`` as the one document that OPA makes of them.

As OPA's loader does it: a folder is a path, all JSON and YAML files of a folder merge into that path whatever
their names, objects merge deeply, and anything there twice is an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate import canonical, schema, yamlfiles
from livegate.documents import stamp
from livegate.errors import ConfigError, DocumentError
from livegate.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LIMIT = 1 << 29
_SUFFIXES = frozenset({".json", ".yaml", ".yml"})


def read_root(data: Path, root: str) -> bytes:
    """Canonical bytes of the document ``root`` (a path with ``/``); empty bytes if no file is there.

    One canonical ``data.json`` alone is given back as it is: that is how a sync writes 1,000,000 grants.

    Raises:
        DocumentError: a file that is no JSON or YAML, or two that say the same thing; names file and path.
        ConfigError: a file that cannot be read or is over 512 MiB.
    """
    folder = data / root
    paths = list(_files(folder))
    if not paths:
        return b""
    if paths == [folder / "data.json"]:
        only = read_bytes(paths[0], limit=_LIMIT)
        if only.startswith(b"{") and (stamp.vouches(only) or canonical.is_canonical(only)):
            return only
    return canonical.dumps(load(data, root))


def load(data: Path, root: str) -> dict[str, Any]:
    """The document ``root``, merged; an empty one if no file is there. Raises as :func:`read_root`."""
    document: dict[str, Any] = {}
    for path, part in parts(data, root):
        _merge(document, part, path, root)
    return document


def parts(data: Path, root: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each file of the document ``root`` with what it adds, in order of path. Raises as :func:`read_root`."""
    folder = data / root
    for path in _files(folder):
        yield path, _placed(path, folder)


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


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.suffix in _SUFFIXES and path.is_file():
            if not path.resolve().is_relative_to(folder.resolve()):
                raise DocumentError("a link that leaves the data tree", where=str(path))
            yield path


def _placed(path: Path, folder: Path) -> dict[str, Any]:
    data = read_bytes(path, limit=_LIMIT)
    value = canonical.loads(data, where=str(path)) if path.suffix == ".json" else yamlfiles.loads(data, where=str(path))
    if value is None:  # a YAML file of comments alone
        value = {}
    for part in reversed(path.parent.relative_to(folder).parts):
        value = {part: value}
    if not isinstance(value, dict):
        raise DocumentError("the top of a document must be an object", where=str(path))
    return value


def _merge(into: dict[str, Any], value: dict[str, Any], path: Path, place: str) -> None:
    for key, item in value.items():
        here = f"{place}/{key}"
        if key not in into:
            into[key] = item
        elif isinstance(into[key], dict) and isinstance(item, dict):
            _merge(into[key], item, path, here)
        else:
            raise DocumentError(
                f"{here} is in another file of this root too", where=str(path), todo="keep it in one of them"
            )
