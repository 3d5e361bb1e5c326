"""Events once each, by revision set, whatever the order and the number of logs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from livegate.regression.logs.event import Event
from livegate.regression.logs.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

ANSWER = {"decision": True, "context": {"evidence": {}, "reasons": []}}
ONE = Event(id="a", where="f:1", request={"n": [1, "ä"]}, instant=1, answer=ANSWER, revisions={"iga": "1"})
DONE = {"outcome": "SAME"}


def test_an_event_is_there_once_and_another_of_its_id_is_told(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        assert spool.add(ONE) is True
        assert spool.add(replace(ONE, where="elsewhere:9")) is False
        assert spool.add(replace(ONE, request={"n": 2})) is None
        assert spool.add(replace(ONE, answer={**ANSWER, "decision": False})) is None
        assert [count for _, _, count in spool.sets()] == [1]


def test_events_come_back_as_they_were_by_revision_set(tmp_path: Path) -> None:
    sets = [{"iga": "1"}, {"iga": "2"}]
    events = [replace(ONE, id=f"e-{n}", instant=n, revisions=sets[n % 2], text="1e2", took=5) for n in range(10)]
    with Spool(tmp_path) as spool:
        assert all(spool.add(event) for event in events)
        assert [(revisions, count) for _, revisions, count in spool.sets()] == [(sets[0], 5), (sets[1], 5)]
        assert spool.seen() == 2
        for number, _, _ in spool.sets():
            chunks = list(spool.waiting(number, chunk=2))
            assert [len(chunk) for chunk in chunks] == [2, 2, 1]
            assert [one.event for chunk in chunks for one in chunk] == events[number - 1 :: 2]


def test_outcomes_are_kept_in_the_order_of_the_logs(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        for name in "cab":
            spool.add(replace(ONE, id=name))
        spool.settle_at_once("z", "f:9", {"outcome": "NOT_REPLAYABLE", "why": "x"})
        assert spool.settle_at_once("z", "f:10", {"outcome": "NOT_REPLAYABLE", "why": "x"}) is False
        ((number, _, _),) = spool.sets()
        (chunk,) = spool.waiting(number, chunk=10)
        spool.settle([(chunk[1].number, DONE)])
        assert [identifier for identifier, _, _ in spool.outcomes()] == ["a", "z"]
        assert spool.settle_rest({"outcome": "ERROR"}, revisions=number) == 2
        assert [(identifier, found["outcome"]) for identifier, _, found in spool.outcomes()] == [
            ("c", "ERROR"), ("a", "SAME"), ("b", "ERROR"), ("z", "NOT_REPLAYABLE"),
        ]  # fmt: skip
        assert not spool.sets()
