"""Hand-kept YAML: safe, of bounded size, and a key given twice is an error instead of a lost line.

So is a key that YAML does not read as text, such as a bare ``no``: it would stand for something that nobody wrote.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from livegate.errors import ConfigError
from livegate.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

_LIMIT = 16 * 1024 * 1024


class _Loader(yaml.CSafeLoader):
    """Safe loader that refuses duplicate keys and reads times as text (JSON has no times)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key_node.value} is no text to YAML: write it in quotes", key_node.start_mark
                )
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is there twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def load(path: Path) -> Any:
    """The value of a YAML (or JSON) file.

    Raises:
        ConfigError: missing, too large, not YAML, or with a duplicate key; names line and column.
    """
    return loads(read_bytes(path, limit=_LIMIT), where=str(path))


def loads(text: bytes | str, *, where: str) -> Any:
    """The value of YAML text; ``where`` names it in errors. See :func:`load`."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise ConfigError(error.problem or "not YAML", where=place) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=where) from error
