"""YAML read in one pass over libyaml's events: the value, and the line on which each of its collections begins.

A suite of 10,000 cases is half a million events; composing nodes for the places and building values of them again took
ten times as long. What is unusual or wrong (tags, merge keys, duplicate keys, numbers that JSON has not, too many
aliases, too deep) is given back as nothing: then :mod:`livegate.yamlfiles` reads it the long way, and has the last
word. No recursion over what is read: a hundred thousand brackets are refused when the sixty-first opens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import yaml

_DEPTH = 60
_VALUES = 1_000_000
_REPEATED = 100_000
_TEXT = "tag:yaml.org,2002:str"
_JSON = frozenset({f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")})
_UNRESOLVED = frozenset({"tag:yaml.org,2002:timestamp"})  # JSON has no times: their text stands
_NOTHING = object()


@dataclass(slots=True)
class Tree:
    """A value, and where its collections begin.

    Attributes:
        value: of the whole file. lines: ``id`` of a list or dict in it → line, from 1; of one under an alias, the
            anchor's.
    """

    value: Any
    lines: dict[int, int] = field(repr=False)


class _UnusualError(Exception):
    """Something that is not for this way of reading."""


class _Words:
    """Plain scalars → values, as YAML 1.1's core types resolve them; each word once."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._build = yaml.constructor.SafeConstructor()

    def value(self, text: str) -> Any:
        found = self._known.get(text, _NOTHING)
        if found is _NOTHING:
            found = self._known[text] = self._resolved(text)
        return found

    def _resolved(self, text: str) -> Any:
        resolvers = yaml.CSafeLoader.yaml_implicit_resolvers
        for tag, pattern in resolvers.get(text[:1], []) + resolvers.get(None, []):
            if tag in _UNRESOLVED or not pattern.match(text):
                continue
            if tag not in _JSON:
                raise _UnusualError
            try:
                value = self._build.construct_object(yaml.ScalarNode(tag, text))
            except (ValueError, TypeError, yaml.YAMLError) as error:
                raise _UnusualError from error
            if isinstance(value, float) and not math.isfinite(value):
                raise _UnusualError
            return value
        return text


def read(text: str) -> Tree | None:
    """The value of YAML ``text``; None where it has to be read the long way, which also says what is wrong with it."""
    try:
        return _read(text)
    except (_UnusualError, yaml.YAMLError):
        return None


def _read(text: str) -> Tree:
    builder = _Builder()
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        builder.take(event)
    if not builder.top:
        raise _UnusualError
    return Tree(builder.top[0], builder.lines)


class _Builder:
    """Takes events one by one, and holds what is open."""

    def __init__(self) -> None:
        self.top: list[Any] = []
        self.lines: dict[int, int] = {}
        self._words = _Words()
        self._anchors: dict[str, Any] = {}
        self._sizes: dict[int, tuple[int, int]] = {}
        self._open: list[tuple[Any, str | None]] = []  # a collection and its anchor
        self._inner: Any = self.top
        self._key: Any = _NOTHING
        self._values = self._repeated = self._documents = 0

    def take(self, event: Any) -> None:
        """The next event of libyaml's parser."""
        kind = event.__class__
        if kind is yaml.ScalarEvent:
            if event.tag is not None:
                raise _UnusualError
            value = self._words.value(event.value) if event.implicit[0] else event.value
            if event.anchor is not None:
                self._anchors[event.anchor] = value
            self._put(value)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._begin(event, {} if kind is yaml.MappingStartEvent else [])
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed, anchor = self._open.pop()
            if anchor is not None:
                self._anchors[anchor] = closed
            self._inner, self._key = (self._open[-1][0] if self._open else self.top), _NOTHING
        elif kind is yaml.AliasEvent:
            self._put(self._shared(event.anchor))
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                raise _UnusualError

    def _begin(self, event: Any, value: Any) -> None:
        if event.tag is not None or len(self._open) >= _DEPTH:
            raise _UnusualError
        self.lines[id(value)] = event.start_mark.line + 1
        self._put(value)
        self._open.append((value, event.anchor))
        self._inner, self._key = value, _NOTHING

    def _put(self, value: Any) -> None:
        self._values += 1
        if self._values + self._repeated > _VALUES:
            raise _UnusualError
        if self._inner.__class__ is list:
            self._inner.append(value)
        elif self._key is _NOTHING:
            if value.__class__ is not str or value in self._inner:
                raise _UnusualError
            self._key = value
        else:
            self._inner[self._key] = value
            self._key = _NOTHING

    def _shared(self, anchor: str) -> Any:
        value = self._anchors.get(anchor, _NOTHING)
        if value is _NOTHING:
            raise _UnusualError
        size, height = _measured(value, self._sizes)
        self._repeated += size
        if self._repeated > _REPEATED or len(self._open) + height > _DEPTH:
            raise _UnusualError
        return value


def _measured(value: Any, sizes: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """Values in ``value`` and levels below it; what is shared is counted each time, and measured once."""
    if not isinstance(value, dict | list):
        return 1, 0
    known = sizes.get(id(value))
    if known is None:
        size, height = 1, 0
        for item in value.values() if isinstance(value, dict) else value:
            part, below = _measured(item, sizes)
            size, height = size + part, max(height, below + 1)
        known = sizes[id(value)] = size, height
    return known
