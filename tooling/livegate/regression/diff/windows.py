"""The instants at which an action's windows open and close, on the day of an instant and the next. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from livegate.model.instants import from_ns, to_ns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def window_ends(windows: Iterable[Mapping[str, Any]], instant: int) -> Iterator[int]:
    """Opening and closing (ns) of each window; of a zone that this machine does not know, none."""
    for window in windows:
        try:
            zone = ZoneInfo(window["zone"])
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue
        day = from_ns(instant).astimezone(zone).date()
        for shift in (0, 1):
            midnight = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=shift)
            for minute in (window["from"], window["to"]):
                # wall clock: added to the local time, then told in UTC
                yield to_ns((midnight + timedelta(minutes=minute)).astimezone(UTC))
