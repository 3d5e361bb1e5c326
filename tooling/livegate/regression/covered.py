"""Coverage as rows for a table, as JSON and as Markdown, and whether it is enough."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from livegate.errors import ConfigError
from livegate.regression.coverage import KINDS, total
from livegate.regression.reading import near

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from livegate.regression.coverage import Item, Kind

_TOTAL = "total"
_PERCENT = re.compile(r"\d{1,3}(\.\d{1,3})?")


def floors(texts: Iterable[str]) -> dict[str, Fraction]:
    """Kind (or ``total``) → least percentage, of texts like ``reasons=100`` or ``95``.

    Raises:
        ConfigError: no such kind, or no percentage.
    """
    found = {}
    for text in texts:
        name, equals, number = text.rpartition("=")
        kind = name if equals else _TOTAL
        if kind not in {*KINDS, _TOTAL}:
            raise ConfigError(f"{kind!r} is no kind", where="--floor", todo=near(kind, [*KINDS, _TOTAL]))
        if not _PERCENT.fullmatch(number) or Fraction(number) > 100:
            raise ConfigError(f"{number!r} is no percentage", where="--floor", todo="0 to 100, as in reasons=99.5")
        found[kind] = Fraction(number)
    return found


def below(kinds: Sequence[Kind], least: Mapping[str, Fraction]) -> list[str]:
    """What is not covered as far as asked, as sentences. A kind with nothing in it is below any floor but 0."""
    said = []
    for kind in (*kinds, total(kinds)):
        if (floor := least.get(kind.name)) is None or (kind.items and kind.reaches(floor)) or not floor:
            continue
        said.append(f"{kind.name}: {percent(kind)} % of {len(kind.items)} is below the floor of {float(floor):g} %")
    return said


def percent(kind: Kind) -> str:
    """How much is covered, rounded down: what is shown as 100 is all of it. ``-`` where there is nothing."""
    if not kind.items:
        return "-"
    tenths = kind.covered * 1_000 // len(kind.items)
    return f"{tenths // 10}.{tenths % 10}"


def as_json(kinds: Sequence[Kind], *, cases: int, wrong: Sequence[str]) -> dict[str, Any]:
    """Everything, for machines: each item with the number of cases that cover it (1 for any, of expressions)."""
    return {
        "cases": cases,
        "not_as_judged": list(wrong),
        "summary": {kind.name: _counts(kind) for kind in (*kinds, total(kinds))},
        "kinds": {
            kind.name: [{"name": item.name, "cases": item.cases, "note": item.note} for item in kind.items]
            for kind in kinds
        },
    }


def as_markdown(kinds: Sequence[Kind], *, cases: int, wrong: Sequence[str], said: Sequence[str]) -> str:
    """A summary for people, with what is missing folded away. Names and notes are kept from being markup."""
    head = f"{cases} cases cover {percent(total(kinds))} % of what they could.\n"
    parts = ["## Coverage of decisions\n", head]
    parts += [f"**Below the floor**: {_text(line)}\n" for line in said]
    parts += [f"**Not as judged**: {_text(line)}\n" for line in wrong]
    rows = [f"| {kind.name} | {kind.covered} | {len(kind.items)} | {percent(kind)} |" for kind in kinds]
    parts.append("\n".join(["| kind | covered | of | % |", "| --- | ---: | ---: | ---: |", *rows]) + "\n")
    for kind in kinds:
        if kind.missing:
            listed = "\n".join(f"- {_text(shown(item))}" for item in kind.missing)
            parts.append(
                f"<details><summary>{kind.name}: {len(kind.missing)} missing</summary>\n\n{listed}\n\n</details>\n"
            )
    return "\n".join(parts)


def shown(item: Item) -> str:
    """An item in one line."""
    return f"{item.name}  {item.note}" if item.note else item.name


def _counts(kind: Kind) -> dict[str, Any]:
    return {
        "covered": kind.covered,
        "items": len(kind.items),
        "percent": kind.covered * 100 / len(kind.items) if kind.items else None,
    }


def _text(text: str) -> str:
    flat = " ".join(text.split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|@#])", r"\\\1", escaped)
