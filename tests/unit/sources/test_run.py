"""The frame: what one run keeps, what it refuses, and that a refused run leaves nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from livegate.errors import IncompleteError, LivegateError, RefusedError, SourceError
from livegate.model import instants
from livegate.model.records import (
    Approval,
    Authority,
    BreakGlass,
    Constraint,
    Effect,
    Elevation,
    Grant,
    Hold,
    Identity,
    IdentityType,
    Limit,
    Mandate,
    Parent,
    Status,
)
from livegate.model.snapshot import Domain, Quarantined
from livegate.sources.difference import Difference
from livegate.sources.file import FileSource
from livegate.sources.protocol import Listing
from livegate.sources.run import dry_run, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from livegate.model.records import AnyRecord
    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Row
    from livegate.sources.store import SnapshotStore

    Config = Callable[..., SourceConfig]

NOW = instants.parse("2026-11-23T18:00:00Z")


@dataclass
class Rows:
    """A source that gives these rows, then raises ``ends``."""

    rows: list[Row]
    observed_at: int = NOW - instants.HOUR
    ends: Exception | None = None
    closed: list[bool] = field(default_factory=list)
    held: list[Iterator[Row]] = field(default_factory=list)

    def listing(self) -> Listing:
        rows = self._rows()
        self.held.append(rows)  # so that it is the frame, not the collector, that closes them
        return Listing(observed_at=self.observed_at, rows=rows)

    def _rows(self) -> Iterator[Row]:
        try:
            yield from self.rows
            if self.ends is not None:
                raise self.ends
        finally:
            self.closed.append(True)


def grant(n: int | str, effect: Effect = Effect.ALLOW, end: int = 0) -> Grant:
    return Grant(id=f"g{n}", subject="a", entitlement="x", effect=effect, expires_at=end)


def person(n: str, status: Status = Status.ACTIVE) -> Identity:
    return Identity(id=n, type=IdentityType.HUMAN, status=status)


def files(store: SnapshotStore) -> set[str]:
    """What the store holds of ``hr``."""
    return {path.name for path in (store.folder / "hr").glob("*") if path.name != ".lock"}


def test_first_and_second_run(config: Config, store: SnapshotStore, effects: Effects) -> None:
    first = run(config(), Rows([person("a"), grant(1)]), store, effects)
    assert first.previous is None
    assert first.changes == {"grant": 1, "identity": 1}
    head = first.snapshot
    assert (head.id, head.sequence, head.domain, head.complete) == ("hr-1", 1, Domain.IGA, True)
    assert (head.started_at, head.completed_at) == (NOW, NOW)
    assert head.observed_at == NOW - instants.HOUR
    assert head.expires_at == NOW - instants.HOUR + 24 * instants.HOUR
    assert head.counts == {"identity": 1, "grant": 1}

    second = run(config(), Rows([person("a"), grant(1), grant(2)]), store, effects)
    assert (second.snapshot.sequence, second.previous) == (2, head)
    assert second.changes == {"grant": 1, "identity": 0}
    assert list(store.records(second.snapshot)) == [person("a"), grant(1), grant(2)]
    assert list(store.records(head)) == [person("a"), grant(1)]


def test_retention(config: Config, store: SnapshotStore, effects: Effects) -> None:
    for _ in range(4):
        run(config(frame={"keep": 2}), Rows([grant(1)]), store, effects)
    assert [head.sequence for head in store.heads("hr")] == [3, 4]


def test_quarantined_is_counted_and_shown(config: Config, store: SnapshotStore, effects: Effects) -> None:
    rows: list[Row] = [Quarantined(where=f"g.csv:{n}", reason="why") for n in range(100)]
    head = run(config(), Rows([*rows, grant(1)]), store, effects).snapshot
    assert head.quarantined == 100
    assert head.samples == tuple(rows[:20])
    assert head.counts == {"grant": 1}


def refused(  # the fixtures of the test, and the case
    config: Config, store: SnapshotStore, effects: Effects, source: Rows, raised: type[LivegateError], says: str
) -> None:
    """Both a run and a dry run raise, and nothing is left behind."""
    before = files(store)
    for act in (run, dry_run):
        with pytest.raises(raised) as caught:
            act(config(), source, store, effects)
        assert says in str(caught.value)
        assert caught.value.todo
    assert files(store) == before
    assert source.closed in ([], [True, True])


def test_critical_rows_refuse(config: Config, store: SnapshotStore, effects: Effects) -> None:
    bad: list[Row] = [Quarantined(where=f"g.csv:{n}", reason="effect is 'x'", critical=True) for n in range(7)]
    refused(config, store, effects, Rows([grant(1), *bad, grant(2)]), SourceError, "g.csv:0: effect is 'x'")
    refused(config, store, effects, Rows([grant(1), *bad]), SourceError, "(and 2 more)")


def test_nothing_mapped_refuses(config: Config, store: SnapshotStore, effects: Effects) -> None:
    rows: list[Row] = [Quarantined(where="g.csv:2", reason="why")]
    refused(config, store, effects, Rows(rows), SourceError, "none of 1 rows could be mapped")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (grant(1), grant(1, Effect.DENY)),
        (grant(1, Effect.DENY), grant(1)),
        (grant(1, Effect.DENY), grant(1, Effect.DENY)),
        (person("a"), person("a", Status.DISABLED)),
        (person("a", Status.DELETED), person("a")),
        (person("a", Status.DISABLED), person("a", Status.SUSPENDED)),
    ],
)
def test_duplicates_that_may_lose_a_deny(
    config: Config, store: SnapshotStore, effects: Effects, first: Row, second: Row
) -> None:
    refused(config, store, effects, Rows([first, second]), SourceError, "this id was there before")


def test_plain_duplicates_are_set_aside(config: Config, store: SnapshotStore, effects: Effects) -> None:
    rows: list[Row] = [grant(1), person("g1"), grant(1), person("g1")]
    head = run(config(), Rows(rows), store, effects).snapshot
    assert list(store.records(head)) == rows[:2]
    assert head.quarantined == 2
    assert head.samples[0].where == "grant 'g1'"


ELEVATION = Elevation(
    id="e", subject="a", entitlement="x", scope="r:1", not_before=NOW - 9, expires_at=NOW + 9, approval=Approval()
)
BREAK_GLASS = BreakGlass(
    id="b",
    subject="a",
    resource="r:1",
    actions=("restore",),
    not_before=NOW - 9,
    expires_at=NOW + 9,
    justification="the database is gone",
    review_due_at=NOW + 99,
)
AUTHORITY = Authority(actions=("read",), scope="*", constraints=(Constraint(name="amount", max=5),))
MANDATE = Mandate(
    id="m", agent="bot", subject="a", state="active", not_before=NOW - 9, expires_at=NOW + 9, tasks=("t",),
    authorities=(AUTHORITY,), limits=(Limit("calls", 5),),
)  # fmt: skip
LIMITED = Grant(id="g", subject="a", entitlement="x", expires_at=NOW + 9)
OWNED = Identity(
    id="svc",
    type=IdentityType.WORKLOAD,
    status=Status.ACTIVE,
    owners=("a",),
    sponsor="c",
    manager="m",
    environment="prod",
)


@pytest.mark.parametrize("far", [0, 2_500])
@pytest.mark.parametrize(
    ("first", "changes"),
    [
        (ELEVATION, {"expires_at": NOW + 5}),
        (ELEVATION, {"approval": Approval(approvers=("bob",))}),
        (BREAK_GLASS, {"expires_at": NOW + 5}),
        (MANDATE, {"tasks": ()}),
        (MANDATE, {"limits": ()}),
        (MANDATE, {"parent": Parent(agent="other", id="m-0")}),
        (MANDATE, {"authorities": (msgspec.structs.replace(AUTHORITY, constraints=()),)}),
        (MANDATE, {"state": "suspended"}),
        (LIMITED, {"expires_at": NOW + 5}),
        (LIMITED, {"expires_at": 0}),
        (LIMITED, {"hold": Hold.ELIGIBLE}),
        (LIMITED, {"not_before": NOW}),
        (LIMITED, {"scope": "r:1"}),
        (LIMITED, {"subject": "b"}),
        (OWNED, {"owners": ()}),
        (OWNED, {"sponsor": "b"}),
        (OWNED, {"manager": ""}),
        (OWNED, {"type": IdentityType.HUMAN}),
        (OWNED, {"environment": "test"}),
    ],
)
def test_rows_of_one_id_that_differ(
    config: Config, store: SnapshotStore, effects: Effects, first: AnyRecord, changes: dict[str, Any], far: int
) -> None:
    """Whichever comes first: neither is kept, for the one that is lost may be the one that takes away."""
    between: list[Row] = [person(f"p{n}") for n in range(far)]
    second = msgspec.structs.replace(first, **changes)
    for pair in ((first, second), (second, first), (first, first, second)):
        rows = [*pair[:-1], *between, pair[-1]]
        refused(config, store, effects, Rows(rows), SourceError, "two rows have this id and differ")
    head = run(
        config(), Rows([first, *between, first, msgspec.structs.replace(first, id="z")]), store, effects
    ).snapshot
    assert (head.quarantined, head.count) == (1, far + 2)
    assert dry_run(config(), Rows([first, *between, first]), store, effects).quarantined == 1


def test_two_paths_to_one_grant_are_one_grant(config: Config, store: SnapshotStore, effects: Effects) -> None:
    rows: list[Row] = [msgspec.structs.replace(LIMITED, via=via) for via in ("role:a", "role:b")]
    head = run(config(), Rows(rows), store, effects).snapshot
    assert list(store.records(head)) == rows[:1]


_HIDDEN = ["\0", "\t", "\n", "\x1b", "\x7f", "\x85", "\u202a", "\u202e", "\u2066", "\u2069"]


@pytest.mark.parametrize("hidden", _HIDDEN)
def test_names_with_control_characters_are_set_aside(
    config: Config, store: SnapshotStore, effects: Effects, hidden: str
) -> None:
    name = f"a{hidden}b"
    cases: list[tuple[AnyRecord, tuple[str, ...]]] = [
        (LIMITED, ("id", "subject", "entitlement", "scope")),
        (person("a"), ("id", "user_name", "external_id", "owners")),
        (ELEVATION, ("id", "subject", "entitlement", "scope")),
        (BREAK_GLASS, ("id", "subject", "resource")),
        (MANDATE, ("id", "agent", "subject")),
    ]
    bad: list[Row] = [
        msgspec.structs.replace(record, **{field: (name,) if field == "owners" else name})
        for record, fields in cases
        for field in fields
    ]
    head = run(config(), Rows([*bad, grant(1)]), store, effects).snapshot
    assert (head.quarantined, head.counts) == (len(bad), {"grant": 1})
    assert [item.reason.split()[0] for item in head.samples] == [field for _, fields in cases for field in fields]
    assert all(item.where.isprintable() and item.reason.isprintable() for item in head.samples)
    for negative in (
        grant(name, Effect.DENY),
        person(name, Status.DISABLED),
        msgspec.structs.replace(person(name), manager="boss"),  # those below would lose the superiors above
    ):
        refused(config, store, effects, Rows([grant(1), negative]), SourceError, "id has a control character")


def test_letters_and_spaces_of_any_language_are_no_control_characters(
    config: Config, store: SnapshotStore, effects: Effects
) -> None:
    rows: list[Row] = [grant(text) for text in ("Zoë Müller", "山田", "a\u00a0b", "👩\u200d💻", "שלום", "\ue000")]
    assert list(store.records(run(config(), Rows(rows), store, effects).snapshot)) == rows


@pytest.mark.parametrize(
    "error", [IncompleteError("cut", where="x", todo="y"), SourceError("gone", where="x", todo="y")]
)
def test_an_error_in_the_middle_leaves_nothing(
    config: Config, store: SnapshotStore, effects: Effects, error: LivegateError
) -> None:
    run(config(), Rows([grant(1)]), store, effects)
    many: list[Row] = [grant(n) for n in range(10_000)]
    refused(config, store, effects, Rows(many, ends=error), type(error), error.what)


@pytest.mark.parametrize("act", [run, dry_run])
def test_rows_that_nobody_asks_for_are_closed(
    config: Config, store: SnapshotStore, effects: Effects, act: Callable[..., object]
) -> None:
    source = Rows([grant(1), grant(2)], observed_at=NOW + instants.DAY)
    listing = source.listing()
    next(listing.rows)  # something is open now
    source.listing = lambda: listing  # type: ignore[method-assign]  # the listing that is open already
    with pytest.raises(SourceError):
        act(config(), source, store, effects)
    assert source.closed == [True]


def test_a_bug_in_a_connector_leaves_nothing_either(config: Config, store: SnapshotStore, effects: Effects) -> None:
    source = Rows([grant(1)], ends=ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run(config(), source, store, effects)
    assert files(store) == set()
    assert source.closed == [True]


@pytest.mark.parametrize(
    ("old", "new", "limit", "passes"),
    [
        (10, 8, 0.2, True),
        (10, 7, 0.2, False),
        (10, 7, 0.3, True),  # 1 - 7/10 is 0.30000000000000004
        (100, 71, 0.29, True),
        (100, 70, 0.29, False),
        (10, 0, 1.0, True),  # no limit
        (10, 1, 1.0, True),
        (10, 0, 0.99, False),
        (1, 0, 0.5, False),
        (10, 9, 0.0, False),
        (10, 10, 0.0, True),
        (0, 0, 0.0, True),
        (0, 5, 0.0, True),
    ],
)
def test_falls(  # fixtures and a table
    config: Config, store: SnapshotStore, effects: Effects, old: int, new: int, limit: float, passes: bool
) -> None:
    settings = config(frame={"max_fall": limit})
    run(settings, Rows([person("a"), *(grant(n) for n in range(old))]), store, effects)
    less = Rows([person("a"), *(grant(n) for n in range(new))])
    if passes:
        assert run(settings, less, store, effects).changes["grant" if old or new else "identity"] == new - old
        return
    with pytest.raises(RefusedError) as caught:
        run(settings, less, store, effects)
    assert caught.value.exit_code == 4
    assert f"grant: {old} → {new}" in str(caught.value)
    assert f"{limit:.0%}" in str(caught.value)
    assert "--accept-removals" in str(caught.value)
    assert len(store.heads("hr")) == 1
    accepted = run(settings, less, store, effects, accept_removals=True)
    assert accepted.changes["grant"] == new - old


def test_a_fall_of_one_kind_is_not_hidden_by_another(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([person("a"), person("b"), grant(1)]), store, effects)
    with pytest.raises(RefusedError, match="identity: 2 → 1"):
        run(config(), Rows([person("a"), *(grant(n) for n in range(100))]), store, effects)


def test_quarantine_cannot_hide_a_fall(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([grant(n) for n in range(10)]), store, effects)
    aside: list[Row] = [Quarantined(where="x", reason="y")] * 9
    with pytest.raises(RefusedError, match="grant: 10 → 1"):
        run(config(), Rows([grant(1), *aside]), store, effects)


def test_what_has_ended_is_no_fall(config: Config, store: SnapshotStore, effects: Effects) -> None:
    ended = NOW - 2 * instants.HOUR
    rows: list[Row] = [
        Elevation(id=str(n), subject="a", entitlement="x", not_before=ended - 1, expires_at=ended, approval=Approval())
        for n in range(5)
    ]
    run(config(), Rows(rows, observed_at=ended - 1), store, effects)
    assert run(config(), Rows([], observed_at=NOW), store, effects).changes == {"elevation": -5}


def test_an_end_still_to_come_is_a_fall(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([grant(1, end=NOW + 1)]), store, effects)
    with pytest.raises(RefusedError, match="grant: 1 → 0"):
        run(config(), Rows([], observed_at=NOW), store, effects)


def test_time_goes_forward(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([grant(1)], observed_at=NOW - 5), store, effects)
    refused(config, store, effects, Rows([grant(1)], observed_at=NOW - 6), RefusedError, "older than snapshot hr-1")
    with pytest.raises(RefusedError):  # and no override brings back what was revoked
        run(config(), Rows([grant(1)], observed_at=NOW - 6), store, effects, accept_removals=True)
    assert run(config(), Rows([grant(1)], observed_at=NOW - 5), store, effects).snapshot.sequence == 2


def test_the_future_is_refused(config: Config, store: SnapshotStore, effects: Effects) -> None:
    minute = 60 * instants.SECOND
    refused(config, store, effects, Rows([grant(1)], observed_at=NOW + minute + 1), SourceError, "set the clocks")
    assert run(config(), Rows([grant(1)], observed_at=NOW + minute), store, effects).snapshot.sequence == 1


def test_damaged_previous_snapshot_stops_the_run(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([grant(1)]), store, effects)
    (store.folder / "hr/0000000001.json").write_text("{")
    refused(config, store, effects, Rows([grant(1)]), LivegateError, "damaged")


def test_dry_run_shows_the_difference_and_keeps_nothing(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([person("a"), person("b"), *(grant(n) for n in range(100))]), store, effects)
    before = {path: path.read_bytes() for path in store.folder.rglob("*.json*")}
    after = Rows([person("a"), person("b", Status.DISABLED), grant("new"), *(grant(n) for n in range(50))])
    preview = dry_run(config(), after, store, effects)
    assert preview.counts == {"identity": 2, "grant": 51}
    assert preview.differences["identity"] == Difference(changed=1, changed_ids=("b",))
    found = preview.differences["grant"]
    assert (found.added, found.added_ids, found.removed, found.changed) == (1, ("gnew",), 50, 0)
    assert found.removed_ids == tuple(f"g{n}" for n in range(50, 70))
    assert preview.refused is not None
    assert "grant: 100 → 51" in str(preview.refused)
    assert dry_run(config(), after, store, effects, accept_removals=True).refused is None
    assert {path: path.read_bytes() for path in store.folder.rglob("*.json*")} == before


def test_dry_run_before_any_snapshot(config: Config, store: SnapshotStore, effects: Effects) -> None:
    preview = dry_run(config(), Rows([grant(1)]), store, effects)
    assert preview.differences == {"grant": Difference(added=1, added_ids=("g1",))}
    assert preview.previous is None
    assert not store.folder.exists()


def test_a_kind_that_is_all_gone_shows_in_the_dry_run(config: Config, store: SnapshotStore, effects: Effects) -> None:
    run(config(), Rows([person("a"), grant(1)]), store, effects)
    preview = dry_run(config(), Rows([person("a")]), store, effects)
    assert preview.differences["grant"] == Difference(removed=1, removed_ids=("g1",))
    assert preview.refused is not None


def test_progress(config: Config, store: SnapshotStore, effects: Effects) -> None:
    told: list[int] = []
    run(config(), Rows([grant(n) for n in range(25_000)]), store, effects, progress=told.append)
    assert told == [10_000, 20_000, 25_000]


def test_from_a_file_to_a_snapshot(
    config: Config, store: SnapshotStore, effects: Effects, put: Callable[..., Path]
) -> None:
    put("g.csv", "subject,entitlement,effect,scope\na,x,allow,*\na,y,deny,*\n", rows=2)
    settings = config(grant={"path": "g.csv"})
    head = run(settings, FileSource(settings, effects), store, effects).snapshot
    assert [record.id for record in store.records(head)] == ["a/x@*", "a/y@*"]
    put("g.csv", "subject,entitlement,effect,scope\na,x,allow,*\na,y,Deny,*\n", rows=2)
    with pytest.raises(SourceError, match=r"g\.csv:3: effect is 'Deny'"):
        run(settings, FileSource(settings, effects), store, effects)
    put("g.csv", "subject,entitlement,effect,scope\na,x,allow,*\n", rows=1)
    with pytest.raises(RefusedError, match="grant: 2 → 1"):
        run(settings, FileSource(settings, effects), store, effects)
    assert store.latest("hr") == head


def test_records_are_handed_on_as_they_are_kept(config: Config, store: SnapshotStore, effects: Effects) -> None:
    rows: list[Row] = [person("a"), *(grant(n) for n in range(2_500)), grant(7), Quarantined(where="x", reason="y")]
    told: list[AnyRecord] = []
    head = run(config(), Rows(rows), store, effects, also=told.extend).snapshot
    assert told == rows[:-2]
    assert told == list(store.records(head))


@pytest.mark.parametrize("first", [0, 999, 1_500])
@pytest.mark.parametrize("second", [1_998, 2_400])
def test_a_duplicate_is_found_in_and_across_batches(
    config: Config, store: SnapshotStore, effects: Effects, first: int, second: int
) -> None:
    rows: list[Row] = [grant(n) for n in range(2_500)]
    rows[second] = grant(first)
    head = run(config(), Rows(rows), store, effects).snapshot
    assert (head.quarantined, head.counts) == (1, {"grant": 2_499})
    assert list(store.records(head)) == [row for n, row in enumerate(rows) if n != second]
    for other, says in (
        (grant(first, Effect.DENY), "this id was there before"),
        (grant(first, end=NOW + 1), "two rows have this id and differ"),
    ):
        rows[second] = other
        refused(config, store, effects, Rows(rows), SourceError, says)
    assert store.latest("hr") == head
