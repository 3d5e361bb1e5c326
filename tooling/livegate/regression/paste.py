"""Cases as YAML text, ready to paste into a suite: what was found by a machine is judged and kept by a person.

The style is that of ``tests/policy``: short objects in one line, what is longer a member a line. What a suite reads
from the text is the value that was given, whatever it holds; text that YAML would take for something else is quoted.
"""

from __future__ import annotations

import json
import math
import re
import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from livegate.errors import SuiteError
from livegate.model.instants import LEAST, show

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WIDTH = 120
_NAME = 200
_KEY = 1_000
"""A longer key has a question mark before it, or libyaml takes it for something else (its limit is 1,024)."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@#+=-]*(:[A-Za-z0-9_./@#+=-]+)*")
_SENTENCE = re.compile(r"[A-Za-z][\w ,;.()/'+=-]*(?<! )")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
_TIMES = frozenset({"iat", "exp", "nbf"})
_RESOLVER = yaml.resolver.Resolver()


def as_case(
    name: str,
    request: Any,
    instant: int,
    expect: Mapping[str, Any],
    *,
    controls: Sequence[str] = ("C3",),
    given: Mapping[str, Any] | None = None,
    comment: str | None = None,
    credential: Mapping[str, Any] | None = None,
    signed: str | Mapping[str, Any] | None = None,
    tags: Sequence[str] = (),
) -> str:
    """One entry of a suite's ``cases:``, indented to stand there, with a newline at its end.

    Args:
        name: cut to what a suite takes. request: any JSON value. instant: ns. expect: as in a suite.
        given: the organisation of this case alone, as in a suite. comment: put above it, a ``#`` a line.
        credential, signed: as in a suite, or as they are in a :class:`~livegate.regression.suite.Case`.

    Raises:
        SuiteError: something in it that YAML cannot hold: a number that is none, half a surrogate pair, no JSON.
    """
    entry: dict[str, Any] = {"name": name[:_NAME], "controls": list(controls)}
    if tags:
        entry["tags"] = list(tags)
    entry["instant"] = _Verbatim(show(instant))
    if given:
        entry["given"] = given
    entry["request"] = request
    if credential is not None:
        entry["credential"] = _undated(credential)
    if signed is not None:
        entry["signed"] = _undated(signed)
    entry["expect"] = expect
    lines = [f"# {line}".rstrip() for line in _wrapped(comment)] if comment else []
    for number, line in enumerate(_members(entry, 4, open_={"request", "given"})):
        lines.append(f"- {line.lstrip()}" if number == 0 else line[2:])
    return "".join(f"  {line}\n" for line in lines)


def as_suite(
    title: str,
    cases: Iterable[str],
    *,
    instant: int,
    population: str = "example",
    given: Mapping[str, Any] | None = None,
    comment: str | None = None,
) -> str:
    """A whole suite of what :func:`as_case` gave, in their order; their names must differ.

    Args:
        instant: of the cases that say none (ns). population, given: the organisation. comment: put on top.
    """
    lines = [f"# {line}".rstrip() for line in _wrapped(comment)] if comment else []
    head: dict[str, Any] = {"suite": title[:_NAME], "population": population, "instant": _Verbatim(show(instant))}
    if given:
        head["given"] = given
    lines += _members(head, 0, open_={"given"})
    return "\n".join([*lines, "cases:", ""]) + "\n".join(cases)


class _Verbatim(str):
    """Text that stands as it is."""

    __slots__ = ()


def _wrapped(comment: str) -> Iterator[str]:
    for line in comment.splitlines():
        shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)
        yield from textwrap.wrap(shown, _WIDTH - 4, break_on_hyphens=False) or [""]


def _members(value: Mapping[str, Any], indent: int, *, open_: Iterable[str] = ()) -> Iterator[str]:
    """The members of an object, each from a line of its own; those in ``open_`` are objects with members a line."""
    for name, inner in value.items():
        key = f"{' ' * indent}{_text(name)}:"
        nested = isinstance(inner, dict) and bool(inner) and all(len(member) <= _KEY for member in map(str, inner))
        flow = f"{key} {_flow(inner, sentence=True)}"
        wide = len(flow) > _WIDTH or (name in open_ and any(isinstance(one, dict | list) for one in _inner(inner)))
        if nested and wide:
            yield key
            yield from _members(inner, indent + 2)
        elif isinstance(inner, list) and len(flow) > _WIDTH and len(inner) > 1:
            yield key
            yield from (f"{' ' * (indent + 2)}- {_flow(one)}" for one in inner)
        else:
            yield flow


def _inner(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else ()


def _flow(value: Any, *, sentence: bool = False) -> str:
    """A value in one line; a ``sentence`` stands alone, where a comma ends nothing."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)}: {_flow(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return str(value) if isinstance(value, _Verbatim) else _text(value, sentence=sentence)
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    raise SuiteError(f"a {type(value).__name__} is nothing that a suite can hold", todo="write JSON values alone")


def _key(name: str) -> str:
    text = _text(name)
    return f"? {text}" if len(text) > _KEY else text


def _text(value: str, *, sentence: bool = False) -> str:
    if _PLAIN.fullmatch(value) or (sentence and _SENTENCE.fullmatch(value)):
        tag = _RESOLVER.resolve(yaml.ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]  # has no types
        if tag == "tag:yaml.org,2002:str" and value.lower() not in _WORDS and len(value) <= _KEY:
            return value
    return '"' + "".join(map(_char, value)) + '"'


def _char(char: str) -> str:
    code = ord(char)
    if 0xD800 <= code < 0xE000:
        raise SuiteError(f"half a surrogate pair (U+{code:04X}) is no text", todo="a suite is UTF-8")
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise SuiteError(f"{value} is no number", todo="JSON has none such")
    text = repr(value)
    head, exponent, power = text.partition("e")
    # to YAML 1.1 a number with an exponent has a point and a sign
    if exponent:
        return f"{head if '.' in head else f'{head}.0'}e{power if power[0] in '+-' else f'+{power}'}"
    return text


def _undated(value: Any) -> Any:
    """As in a suite: times of claims as text, where a case has nanoseconds; nothing that says nothing."""
    if not isinstance(value, dict):
        return value
    made = {}
    for name, inner in value.items():
        if name == "claims" and isinstance(inner, dict):
            if inner:
                made[name] = {
                    claim: _Verbatim(show(one)) if claim in _TIMES and type(one) is int and one >= LEAST else one
                    for claim, one in inner.items()
                }
        elif name == "proof":
            made[name] = _undated(inner)
        else:
            made[name] = inner
    return made
