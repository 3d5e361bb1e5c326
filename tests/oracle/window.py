"""Time windows by the wall clock of a zone, and change freezes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tests.oracle.values import at, number

_MINUTE = 60 * 1_000_000_000
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def open_until(window: Any, now: int) -> int | None:
    """When a window that is open at ``now`` (ns) closes, ns; None where it is not open, or cannot be read."""
    zone = _zone(at(window, "zone"))
    days, start, end = at(window, "days"), number(at(window, "from")), number(at(window, "to"))
    if zone is None or not isinstance(days, list) or start is None or end is None:
        return None

    def inside(minute: int) -> bool:
        local = (_EPOCH + timedelta(minutes=minute)).astimezone(zone)
        return _DAYS[local.weekday()] in days and start <= local.hour * 60 + local.minute < end

    minute = now // _MINUTE
    if not inside(minute):
        return None
    local = (_EPOCH + timedelta(minutes=minute)).astimezone(zone)
    left = int(end) - (local.hour * 60 + local.minute)
    if (_EPOCH + timedelta(minutes=minute + left + 120)).astimezone(zone).utcoffset() != local.utcoffset():
        # the clocks change in between: the first minute that is outside, one by one
        left = next(step for step in range(1, 3 * 1440) if not inside(minute + step) or _later(minute, step, zone))
    return (minute + left) * _MINUTE


def frozen_until(freezes: Any, environment: str, now: int) -> int | None:
    """When the next freeze that will hold in ``environment`` begins, ns (1 << 80: none); None where one holds now."""
    ends = [1 << 80]
    entries = list(freezes.values()) if isinstance(freezes, dict) else freezes  # of a list too, none may be unreadable
    for freeze in entries if isinstance(entries, list) else []:
        start, end = number(at(freeze, "from")), number(at(freeze, "to"))
        if start is None or end is None:
            return None
        where = freeze.get("environments")
        if "environments" in freeze and environment and isinstance(where, dict) and where.get(environment) is not True:
            continue
        if start <= now < end:
            return None
        if now < start < end:
            ends.append(int(start))
    return min(ends)


def _later(minute: int, step: int, zone: ZoneInfo) -> bool:
    """Whether another local day has begun: a window is one day's."""
    first, later = (_EPOCH + timedelta(minutes=minute + add) for add in (0, step))
    return first.astimezone(zone).date() != later.astimezone(zone).date()


@lru_cache(maxsize=64)
def _zone(name: Any) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) and name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
