"""What an export says of each record kind: its fields, which must be there, and how text becomes values.

A field has the name of the record's (``livegate.model.records``); those of an approval are
``approval.<name>``. Absent (no such column, no such member) is not empty: absent takes the record's
default, but a scope or effect that is not there is not quietly the widest one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from msgspec import UNSET, UnsetType

from livegate.errors import ConfigError
from livegate.model import instants
from livegate.model.records import Effect, Hold, IdentityType, Recording, Status
from livegate.sources import mandates

Text = str | None | UnsetType
"""A cell: text, empty (JSON ``null``), or absent."""

Texts = tuple[str, ...] | None | UnsetType
"""A list of texts, empty, or absent."""

Vocabulary = dict[Text, StrEnum]
"""The source's value → ours; what is not there is unknown."""


class Shape(StrEnum):
    """How a field is written."""

    TEXT = "text"
    TIME = "time"  # RFC 3339
    LIST = "list"  # a JSON array; in CSV separated by semicolons
    COUNT = "count"  # a JSON integer; in CSV decimal digits
    WORD = "word"  # of a closed vocabulary
    VALUE = "value"  # an object or a list of objects; JSON Lines only


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record kind; ``required`` ones must have a column or member."""

    name: str
    shape: Shape = Shape.TEXT
    required: bool = False
    words: type[StrEnum] | None = None
    default: tuple[StrEnum, bool] | None = None
    """What an absent word means, and whether an empty one means that too."""
    form: Any = None
    """Of a ``VALUE``, the type that it decodes to."""


def _approval() -> tuple[Field, ...]:
    return (
        Field("approval.id"),
        Field("approval.requester"),
        Field("approval.approvers", Shape.LIST),
        Field("approval.required", Shape.COUNT),
        Field("approval.approved_at", Shape.TIME),
        Field("approval.approved_until", Shape.TIME),
        Field("approval.ticket"),
        Field("approval.subject"),
        Field("approval.entitlement"),
        Field("approval.scope"),
        Field("approval.resource"),
        Field("approval.actions", Shape.LIST),
        Field("approval.parameters"),
    )


FIELDS: Final[dict[str, tuple[Field, ...]]] = {
    "identity": (
        Field("id", required=True),
        Field("type", Shape.WORD, required=True, words=IdentityType),
        Field("status", Shape.WORD, required=True, words=Status),
        Field("owners", Shape.LIST),
        Field("sponsor"),
        Field("environment"),
        Field("user_name"),
        Field("external_id"),
        Field("manager"),
        Field("names", Shape.LIST),
    ),
    "grant": (
        Field("id"),
        Field("subject", required=True),
        Field("entitlement", required=True),
        Field("scope"),
        Field("effect", Shape.WORD, words=Effect, default=(Effect.ALLOW, False)),
        Field("hold", Shape.WORD, words=Hold, default=(Hold.STANDING, False)),
        Field("not_before", Shape.TIME),
        Field("expires_at", Shape.TIME),
        Field("via"),
    ),
    "elevation": (
        Field("id", required=True),
        Field("subject", required=True),
        Field("entitlement"),
        Field("scope"),
        Field("resource"),
        Field("actions", Shape.LIST),
        Field("not_before", Shape.TIME, required=True),
        Field("expires_at", Shape.TIME, required=True),
        Field("recording", Shape.WORD, words=Recording, default=(Recording.UNKNOWN, True)),
        Field("recording_ref"),
        Field("session"),
        Field("justification"),
        Field("parameters"),
        Field("max_uses", Shape.COUNT),
        *_approval(),
    ),
    "breakglass": (
        Field("id", required=True),
        Field("subject", required=True),
        Field("resource", required=True),
        Field("actions", Shape.LIST, required=True),
        Field("not_before", Shape.TIME, required=True),
        Field("expires_at", Shape.TIME, required=True),
        Field("justification", required=True),
        Field("review_due_at", Shape.TIME, required=True),
        Field("incident"),
        Field("activated_by"),
    ),
    "mandate": (
        Field("id", required=True),
        Field("agent", required=True),
        Field("subject", required=True),
        Field("state", required=True),
        Field("not_before", Shape.TIME, required=True),
        Field("expires_at", Shape.TIME, required=True),
        Field("tasks", Shape.LIST, required=True),
        Field("authorities", Shape.VALUE, required=True, form=mandates.AUTHORITIES),
        Field("limits", Shape.VALUE, form=mandates.LIMITS),
        Field("delegation", Shape.VALUE, form=mandates.DELEGATION),
        Field("parent", Shape.VALUE, form=mandates.PARENT),
        Field("approvals", Shape.VALUE, form=mandates.APPROVALS),
        Field("issuer"),
        Field("goal"),
    ),
}
"""Record kind → its fields, in the order in which ``rows`` takes their values."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How one export is laid out.

    Attributes:
        kind: of the records.
        columns: field → column or member, where the configuration names one.
        ignore: columns that are known and not used.
        values: field → {the source's value: ours}.
        default_scope: what an absent scope means; where it is empty, an entitlement without a scope is no record.
    """

    kind: str
    columns: dict[str, str] = field(default_factory=dict)
    ignore: frozenset[str] = frozenset()
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    default_scope: str = ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of the kind."""
        return FIELDS[self.kind]

    def column(self, name: str) -> str:
        """The column of field ``name``."""
        return self.columns.get(name, name)

    def vocabulary(self, name: str) -> Vocabulary:
        """The values known for field ``name``: those that ``values`` lists, or our own words where it lists none."""
        known = next(item for item in self.fields if item.name == name)
        assert known.words is not None  # noqa: S101  # called with names of WORD fields only
        table: Vocabulary = {}
        if known.default is not None:
            word, empty_too = known.default
            table[UNSET] = word
            if empty_too:
                table[""] = table[None] = word
        mapping = self.values.get(name) or {str(word): str(word) for word in known.words}
        for theirs, ours in mapping.items():
            table[theirs] = known.words(ours)
            if not theirs:
                table[None] = table[theirs]  # JSON's null is CSV's empty cell
        return table


def check(layout: Layout, *, where: str) -> None:
    """Refuse a layout that names fields or words that there are not.

    Raises:
        ConfigError: names the key.
    """
    fields = {item.name: item for item in layout.fields}
    for section, names in (("columns", layout.columns), ("values", layout.values)):
        for name in names:
            if name not in fields:
                raise ConfigError(
                    f"{section}: a {layout.kind} has no field {name!r} (it has {', '.join(fields)})", where=where
                )
    if layout.default_scope and "scope" not in fields:
        raise ConfigError(f"default_scope: a {layout.kind} has no scope", where=where)
    for name, mapping in layout.values.items():
        words = fields[name].words
        if fields[name].shape not in {Shape.TEXT, Shape.WORD}:
            raise ConfigError(f"values.{name}: only words and plain text are translated", where=where)
        for ours in mapping.values():
            if words is not None and ours not in set(words):
                raise ConfigError(f"values.{name}: {ours!r} is none of {', '.join(words)}", where=where)
    used: dict[str, Field] = {}
    for item in layout.fields:
        column = layout.column(item.name)
        other = used.setdefault(column, item)
        if other.shape is not item.shape and {other.shape, item.shape} & {Shape.LIST, Shape.COUNT, Shape.VALUE}:
            raise ConfigError(f"columns: {column!r} cannot be both {other.name} and {item.name}", where=where)
    for column in sorted(layout.ignore & set(used)):
        raise ConfigError(f"ignore: column {column!r} is in use", where=where)


_days: dict[str, int] = {}
_clocks: dict[str, int] = {}
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9])Z", re.ASCII)


def instant(text: Text) -> int:
    """Nanoseconds of an RFC 3339 time; 0 when empty or absent.

    Whole seconds in UTC, as nearly every export writes them, are put together from two look-ups, which
    takes an eighth of the time of parsing; all else, and all that is wrong, goes to ``instants.parse``.

    Raises:
        ValueError: no such time.
    """
    if not text:
        return 0
    try:
        return _days[text[:11]] + _clocks[text[11:]]
    except KeyError:
        value = instants.parse(text)
        _remember(text)
        return value


def _remember(text: str) -> None:
    """Keep both halves of a good time. There are only so many: days from 2001 to 2262, and 86,400 seconds."""
    clock = _CLOCK.fullmatch(text, 11)
    if clock is None or text[10] != "T":
        return
    start = instants.parse(f"{text[:11]}12:00:00Z") - 12 * instants.HOUR
    if instants.LEAST <= start <= instants.MOST - instants.DAY:  # the whole day is one that documents can hold
        _days[text[:11]] = start
        hours, minutes, seconds = map(int, clock.groups())
        _clocks[clock[0]] = hours * instants.HOUR + minutes * instants.MINUTE + seconds * instants.SECOND


def listed(cell: str) -> tuple[str, ...]:
    """The elements of a CSV cell, separated by semicolons; an empty cell has none."""
    return tuple(cell.split(";")) if cell else ()


def counted(cell: str, name: str) -> int | None:
    """The number in a CSV cell of the field ``name``; None when empty.

    Raises:
        ValueError: not a small number in decimal digits.
    """
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
        raise ValueError(f"{name} is not a small whole number")
    return int(cell)
