"""Hand-kept YAML: safe, of bounded size, and a key given twice is an error instead of a lost line.

So is a key that YAML does not read as text, such as a bare ``no``: it would stand for something that nobody wrote.
Depth and aliases are bounded before anything is built: libyaml builds by recursion, where a hundred thousand brackets
end the process, and a few lines of aliases can stand for gigabytes.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from livegate.errors import ConfigError
from livegate.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Hashable
    from pathlib import Path

_LIMIT = 16 * 1024 * 1024
_DEPTH = 64
_REPEATED = 100_000
_SMALL = 1 << 18


class _Loader(yaml.CSafeLoader):
    """Safe loader that refuses duplicate keys and reads times as text (JSON has no times)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                said = "a merge key (<<) is not taken: write the members out, or let an alias be the whole value"
                raise yaml.constructor.ConstructorError(None, None, said, key_node.start_mark)
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


@dataclass(slots=True)
class _Shape:
    """Values in a collection and levels below it, aliases written out; ``anchor`` is its name."""

    anchor: str | None = None
    size: int = 1
    height: int = 0

    def add(self, inner: _Shape) -> None:
        self.size += inner.size
        self.height = max(self.height, inner.height + 1)


def check_shape(text: bytes | str, *, where: str) -> None:
    """See that YAML text may be built: reads events only, stops at the first thing that is too much.

    Raises:
        ConfigError: deeper than 64, an alias inside what it names, or aliases for more than 100,000 values together;
            names line and column.
        yaml.YAMLError: not YAML.
    """
    known: dict[str, _Shape] = {}
    open_: list[_Shape] = [_Shape()]
    repeated = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark, found = event.start_mark, None
        if isinstance(event, yaml.AliasEvent):
            if any(outer.anchor == event.anchor for outer in open_):
                raise _refused(where, mark, f"alias *{event.anchor} stands inside what it names")
            found = known.get(str(event.anchor), _Shape())  # an unknown one is refused when the value is built
            repeated += found.size
            if repeated > _REPEATED:
                raise _refused(where, mark, f"its aliases (*) stand for more than {_REPEATED} values")
        elif isinstance(event, yaml.ScalarEvent):
            found = _Shape(event.anchor)
        elif isinstance(event, yaml.CollectionStartEvent):
            open_.append(_Shape(event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            found = open_.pop()
        if len(open_) - 1 + (found.height if found else 0) > _DEPTH:
            raise _refused(where, mark, f"deeper than {_DEPTH}")
        if found is not None:
            open_[-1].add(found)
            if found.anchor is not None:
                known[found.anchor] = found


def _refused(where: str, mark: Any, what: str) -> ConfigError:
    return ConfigError(what, where=f"{where}:{mark.line + 1}:{mark.column + 1}", todo="write it out plainly")


def load(path: Path) -> Any:
    """The value of a YAML (or JSON) file.

    Raises:
        ConfigError: missing, too large, not YAML, with a duplicate key, or as :func:`check_shape`; names line and
            column.
    """
    return loads(read_bytes(path, limit=_LIMIT), where=str(path))


def loads(text: bytes | str, *, where: str) -> Any:
    """The value of YAML text; ``where`` names it in errors. See :func:`load`."""
    written = _known.get(text)
    if written is not None:
        return json.loads(written)
    value = _built(text, where)
    if len(text) <= _SMALL and len(_known) < _MOST:
        with contextlib.suppress(TypeError, ValueError):  # YAML knows more than JSON
            _known[text] = json.dumps(value)
    return value


_MOST = 500
_known: dict[bytes | str, str] = {}
"""Text to its value as JSON. Some runs read the same few files hundreds of times, under other names."""


def _built(text: bytes | str, where: str) -> Any:
    try:
        check_shape(text, where=where)
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise ConfigError(error.problem or "not YAML", where=place) from error
    except yaml.YAMLError as error:
        raise ConfigError(f"not YAML: {error}", where=where) from error
