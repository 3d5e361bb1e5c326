"""Instants: exact to the nanosecond, zoned or refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livegate.model import instants


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-11-23T12:00:00Z", 1_795_435_200_000_000_000),
        ("2026-11-23T13:00:00+01:00", 1_795_435_200_000_000_000),
        ("2026-11-23T12:00:00.5Z", 1_795_435_200_500_000_000),
        ("2026-11-23T12:00:00.123456789Z", 1_795_435_200_123_456_789),
        ("2026-11-23T12:00:00.1234567891Z", 1_795_435_200_123_456_789),
        ("2026-11-23T12:00:00.000000001-05:30", 1_795_455_000_000_000_001),
    ],
)
def test_parse(text: str, value: int) -> None:
    assert instants.parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-11-23", "2026-11-23T12:00:00", "2026-11-23T12:00:00.Z", "1795435200", "2026-13-01T00:00:00Z",
     "1999-01-01T00:00:00Z", "2300-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instants.parse(text)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        instants.to_ns(datetime(2026, 1, 1))  # noqa: DTZ001  # the very thing


@given(st.integers(instants.LEAST, instants.MOST))
def test_show_and_parse_are_inverse(value: int) -> None:
    assert instants.parse(instants.show(value)) == value


@given(st.datetimes(datetime(2002, 1, 1), datetime(2261, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds are naive by its API
def test_datetimes_survive(moment: datetime) -> None:
    assert instants.from_ns(instants.to_ns(moment)) == moment
