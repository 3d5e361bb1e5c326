"""Who has what was published: judged from status files and a clock that the test moves."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from livegate.model.instants import SECOND
from livegate.pipeline import fleet

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START = 1_795_435_200 * SECOND


class Clock:
    """Time that passes only while somebody sleeps; ``then`` is called at each sleep."""

    def __init__(self, then: Callable[[float], None] = lambda _: None) -> None:
        self.now, self.then = START, then

    def __call__(self) -> int:
        """The time, ns."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let it pass."""
        self.now += round(seconds * SECOND)
        self.then((self.now - START) / SECOND)


def report(folder: Path, opa: str, *, at: float = 0.0, **bundles: Any) -> None:
    """The last status of an OPA, ``at`` seconds after the start; a text is a revision."""
    facts = {name: {"active_revision": one} if isinstance(one, str) else one for name, one in bundles.items()}
    path = folder / f"{opa}.json"
    path.write_text(json.dumps({"labels": {"id": opa}, "bundles": facts}))
    moment = START + round(at * SECOND)
    os.utime(path, ns=(moment, moment))


def wait(folder: Path, clock: Clock, *, timeout: float = 60, alive: float = 180, least: int = 1) -> fleet.Fleet:
    """Wait for policy 2-b."""
    return fleet.wait(
        folder, {"policy": "2-b"}, timeout=timeout, alive=alive, least=least, clock=clock, sleep=clock.sleep
    )


def names(reports: tuple[fleet.Reported, ...]) -> list[str]:
    """Of OPAs."""
    return [one.opa for one in reports]


REFUSAL = {"active_revision": "1-a", "code": "bundle_error", "message": "Bundle load failed: verification failed"}
AWAY = {"active_revision": "1-a", "code": "bundle_error", "message": "Bundle load failed: request failed: refused"}
MISSING = {"active_revision": "1-a", "code": "bundle_error", "http_code": "503", "message": "server replied with 503"}


def test_it_ends_when_the_last_one_has_it(tmp_path: Path) -> None:
    report(tmp_path, "one", policy="2-b", iga="9-z")
    report(tmp_path, "two", policy="1-a")

    def later(seconds: float) -> None:
        if seconds >= 3:
            report(tmp_path, "two", at=3, policy="2-b")

    clock = Clock(later)
    found = wait(tmp_path, clock)
    assert (names(found.reached), found.behind, found.over) == (["one", "two"], (), False)
    assert 3 <= (clock.now - START) / SECOND < 4


def test_the_time_is_over_and_who_is_behind_is_known(tmp_path: Path) -> None:
    report(tmp_path, "one", policy="2-b")
    report(tmp_path, "two", policy="3-c")  # another one, even a newer, is not the one that was asked for
    clock = Clock()
    found = wait(tmp_path, clock, timeout=5)
    assert (names(found.reached), names(found.behind), found.over) == (["one"], ["two"], True)
    assert (clock.now - START) / SECOND == pytest.approx(5, abs=0.5)


def test_nobody_is_not_everybody(tmp_path: Path) -> None:
    assert wait(tmp_path, Clock(), timeout=2).over
    assert wait(tmp_path / "nowhere", Clock(), timeout=2).over
    report(tmp_path, "one", policy="2-b")
    assert not wait(tmp_path, Clock(), timeout=2).over
    assert wait(tmp_path, Clock(), timeout=2, least=2).over


def test_who_has_been_silent_is_gone_and_does_not_count(tmp_path: Path) -> None:
    report(tmp_path, "gone", at=-181, policy="2-b")
    report(tmp_path, "here", at=-180, policy="2-b")
    found = wait(tmp_path, Clock(), least=1)
    assert (names(found.reached), names(found.gone)) == (["here"], ["gone"])
    assert wait(tmp_path, Clock(), timeout=1, least=2).over


@pytest.mark.parametrize("text", ["", "{", "[]", '{"bundles": 3}', '{"bundles": {"policy": 3}}', "[" * 100_000])
def test_what_cannot_be_read_is_behind(tmp_path: Path, text: str) -> None:
    report(tmp_path, "one", policy="2-b")
    bad = tmp_path / "bad.json"
    bad.write_text(text)
    os.utime(bad, ns=(START, START))
    found = wait(tmp_path, Clock(), timeout=1)
    assert (names(found.behind), found.over) == (["bad"], True)


def test_a_refusal_counts_once_it_is_repeated(tmp_path: Path) -> None:
    report(tmp_path, "one", at=-10, policy=REFUSAL)  # before: perhaps of what was there then
    clock = Clock()
    assert wait(tmp_path, clock, timeout=3).refused == {}

    def later(seconds: float) -> None:
        report(tmp_path, "one", at=int(seconds), policy=REFUSAL)

    clock = Clock(later)
    found = wait(tmp_path, clock)
    assert found.refused == {"one": "policy: Bundle load failed: verification failed"}
    assert not found.over
    assert (clock.now - START) / SECOND < 3


@pytest.mark.parametrize("passing", [AWAY, MISSING])
def test_a_server_that_is_away_is_no_refusal(tmp_path: Path, passing: dict[str, str]) -> None:
    clock = Clock(lambda seconds: report(tmp_path, "one", at=int(seconds), policy=passing))
    found = wait(tmp_path, clock, timeout=6)
    assert (found.refused, names(found.behind), found.over) == ({}, ["one"], True)


def test_an_error_of_another_bundle_does_not_matter(tmp_path: Path) -> None:
    clock = Clock(lambda seconds: report(tmp_path, "one", at=int(seconds), policy="1-a", iga=REFUSAL))
    assert wait(tmp_path, clock, timeout=6).refused == {}
