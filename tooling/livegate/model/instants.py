"""Instants: aware UTC datetimes at the edges, integer nanoseconds since the epoch inside.

OPA's clock counts nanoseconds and comparing integers is what the decision path can afford, so a
record keeps nanoseconds and RFC 3339 text is only read from sources and written for people.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LEAST = 1_000_000_000 * SECOND
"""2001-09-09: earlier instants are seconds or milliseconds taken for nanoseconds."""

MOST = 9_223_372_036_854_775_807
"""2262-04-11: the last instant that OPA's clock can name."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(moment: datetime) -> int:
    """Nanoseconds since the epoch of an aware datetime.

    Raises:
        ValueError: naive, or outside what the documents can hold (2001 to 2262).
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone means nothing; write an offset or Z")
    delta = moment - _EPOCH
    value = (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds * 1_000
    if not LEAST <= value <= MOST:
        raise ValueError(f"{moment.isoformat()} is outside 2001-09-09 to 2262-04-11")
    return value


def from_ns(value: int) -> datetime:
    """The aware UTC datetime of ``value`` nanoseconds; below a microsecond is cut."""
    return _EPOCH + timedelta(microseconds=value // 1_000)


def parse(text: str) -> int:
    """Nanoseconds of an RFC 3339 time with an offset; a fraction of any length, below 1 ns cut.

    Raises:
        ValueError: not such a time; the message is fit for a person.
    """
    head, dot, tail = text.strip().partition(".")
    if not dot:
        return to_ns(_iso(head, text))
    digits = len(tail) - len(tail.lstrip("0123456789"))
    if digits == 0:
        raise ValueError(f"{text!r} is not an RFC 3339 time")
    return to_ns(_iso(head + tail[digits:], text)) + int(tail[:9][:digits].ljust(9, "0"))


def show(value: int) -> str:
    """RFC 3339 in UTC, in seconds where that loses nothing."""
    seconds, fraction = divmod(value, SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


def show_second(value: int) -> str:
    """RFC 3339 in UTC, cut to the second: for tables, where nine digits more would hide the others."""
    return show(value // SECOND * SECOND)


def _iso(text: str, original: str) -> datetime:
    try:
        if len(text) < 20 or text[10] not in "Tt ":
            raise ValueError
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{original!r} is not an RFC 3339 time such as 2026-11-23T18:00:00Z") from None
