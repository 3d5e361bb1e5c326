"""The reasons that the specification names: ``rego/README.md``, section by section.

A section of a gate is a heading ``### <gate>``; its reasons are the words in backticks of the paragraph that begins
with ``Reasons:``, without those in parentheses, which explain.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from livegate.errors import ConfigError
from livegate.files import read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_LIMIT = 1 << 20
_SECTION = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_REASONS = re.compile(r"^Reasons: (.+?)(?:\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)
_ASIDE = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"`([a-z_]+)`")


def reasons(page: Path) -> tuple[str, ...]:
    """The reason ids that the specification ``page`` names, in its order: ``<gate>.<reason>``.

    Raises:
        ConfigError: it cannot be read, names no reason, or names one twice.
    """
    try:
        text = read_bytes(page, limit=_LIMIT).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 (byte {error.start})", where=str(page), todo="save it as UTF-8") from error
    return parse(text, where=str(page))


def parse(text: str, *, where: str) -> tuple[str, ...]:
    """See :func:`reasons`; ``where`` names the page in errors."""
    found: list[str] = []
    headings = list(_SECTION.finditer(text))
    ends = [*(heading.start() for heading in headings), len(text)][1:]
    for heading, end in zip(headings, ends, strict=True):
        listed = _REASONS.search(text[heading.end() : end])
        if heading[0].startswith("### ") and listed:
            found += [f"{heading[1].strip()}.{word}" for word in _WORD.findall(_ASIDE.sub("", listed[1]))]
    if not found:
        raise ConfigError("names no reason", where=where, todo="list them under each gate: Reasons: `one` `two`")
    twice = sorted({id_ for id_ in found if found.count(id_) > 1})
    if twice:
        raise ConfigError(f"names {', '.join(twice)} twice", where=where, todo="name each once")
    return tuple(found)
