"""What the OPAs of a fleet have active, by the statuses that they send; and waiting until all have what was published.

An OPA reports after each look for bundles, at the latest every poll. Each start of one reports under a new id, so one
that has said nothing for a while is taken to be gone: it is named, and not waited for. How many there are at least is
for the caller to say, who alone knows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from livegate.errors import LivegateError
from livegate.files import read_bytes
from livegate.model.instants import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_LIMIT = 16 << 20
_EVERY = 0.2
_TWICE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """One OPA as it last reported. ``reported``: when that came in (ns).

    Attributes:
        active: bundle → revision that it decides by. errors: bundle → why it does not take what is served.
        readable: whether it was a status at all; what is none has nothing active.
    """

    opa: str
    reported: int
    active: Mapping[str, str]
    errors: Mapping[str, str]
    readable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """How a wait ended.

    Attributes:
        reached: those that have all revisions. behind: those that lack one.
        refused: OPA → why it does not take a bundle that is waited for. gone: those that have been silent.
        over: the time was over.
    """

    reached: tuple[Reported, ...]
    behind: tuple[Reported, ...]
    refused: Mapping[str, str]
    gone: tuple[Reported, ...]
    over: bool


def read(folder: Path) -> tuple[Reported, ...]:
    """Every OPA that ever reported into ``folder``, by its file's name; none where there is no folder."""
    return tuple(map(_reported, sorted(folder.glob("*.json")))) if folder.is_dir() else ()


def wait(
    folder: Path,
    wanted: Mapping[str, str],
    *,
    timeout: float,
    alive: float,
    least: int,
    clock: Callable[[], int],
    sleep: Callable[[float], None],
    progress: Callable[[Fleet], None] = lambda _: None,
) -> Fleet:
    """Wait until every OPA that reports has the ``wanted`` revisions (bundle → revision), and ``least`` have.

    It ends early when an OPA refuses a bundle: it has said so of it in two reports since the wait began, so that what
    it said of an older one is not held against this.

    Args:
        folder: statuses, as the bundle server keeps them. timeout, alive: seconds; who has been silent for longer than
            ``alive`` is gone. clock: ns. sleep: seconds. progress: told at each look.
    """
    begun = clock()
    seen: dict[tuple[str, str], set[int]] = {}
    while True:
        now = clock()
        fleet = _look(read(folder), wanted, begun, now, alive, seen)
        over = now - begun >= timeout * SECOND
        progress(fleet)
        enough = not fleet.behind and len(fleet.reached) >= least
        if fleet.refused or enough or over:
            return Fleet(
                reached=fleet.reached,
                behind=fleet.behind,
                refused=fleet.refused,
                gone=fleet.gone,
                over=not enough and not fleet.refused,
            )
        sleep(_EVERY)


def _look(
    reports: Sequence[Reported],
    wanted: Mapping[str, str],
    begun: int,
    now: int,
    alive: float,
    seen: dict[tuple[str, str], set[int]],
) -> Fleet:
    here = [one for one in reports if now - one.reported <= alive * SECOND]
    reached = [one for one in here if all(one.active.get(name) == revision for name, revision in wanted.items())]
    refused = {}
    for one in here:
        for name, said in one.errors.items():
            if one in reached or name not in wanted or one.reported < begun:
                continue
            times = seen.setdefault((one.opa, name), set())
            times.add(one.reported)
            if len(times) >= _TWICE:
                refused[one.opa] = f"{name}: {said}"
    return Fleet(
        reached=tuple(reached),
        behind=tuple(one for one in here if one not in reached),
        refused=refused,
        gone=tuple(one for one in reports if one not in here),
        over=False,
    )


def _reported(path: Path) -> Reported:
    at = _written(path)
    try:
        said = json.loads(read_bytes(path, limit=_LIMIT))
        said = said.get("status", said)
        bundles: dict[str, Any] = said.get("bundles") or {}
        return Reported(
            opa=str(said.get("labels", {}).get("id", path.stem)),
            reported=at,
            active={name: str(facts.get("active_revision", "")) for name, facts in bundles.items()},
            errors={name: why for name, facts in bundles.items() if (why := _refusal(facts))},
        )
    except (ValueError, RecursionError, TypeError, AttributeError, LivegateError):
        return Reported(opa=path.stem, reported=at, active={}, errors={}, readable=False)


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:  # removed just now
        return 0


def _refusal(facts: Mapping[str, Any]) -> str:
    """Why OPA does not take what it was served; nothing while it merely cannot be reached."""
    if not facts.get("code") or facts.get("http_code"):
        return ""
    said = str(facts.get("message", "")) or str(facts["code"])
    return "" if "request failed" in said else said
