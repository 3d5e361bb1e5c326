"""The snapshot store: whole or not there, for the owner alone, and damage is noticed."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from livegate.errors import LivegateError
from livegate.model import instants
from livegate.model.records import (
    AnyRecord,
    Approval,
    Authority,
    BreakGlass,
    Constraint,
    Credential,
    Delegation,
    Effect,
    Elevation,
    Grant,
    Identity,
    IdentityType,
    Limit,
    Mandate,
    Parent,
    Revocation,
    RevocationKind,
    Status,
    TaskApproval,
)
from livegate.model.snapshot import Domain, Quarantined, Snapshot
from livegate.sources.store import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NOW = instants.parse("2026-11-23T18:00:00Z")
ONE_OF_EACH: list[AnyRecord] = [
    Identity(id="a", type=IdentityType.AGENT, status=Status.SUSPENDED, owners=("x", "y")),
    Grant(id="g", subject="a", entitlement="x", effect=Effect.DENY, expires_at=NOW),
    Elevation(
        id="e", subject="a", entitlement="x", not_before=NOW, expires_at=NOW + 1, approval=Approval(approvers=("b",))
    ),
    BreakGlass(
        id="b",
        subject="a",
        resource="r:1",
        actions=("x",),
        not_before=NOW,
        expires_at=NOW + 1,
        justification="the house is on fire",
        review_due_at=NOW,
    ),
    Mandate(
        id="m",
        agent="a",
        subject="b",
        state="active",
        not_before=NOW - 9,
        expires_at=NOW + 9,
        tasks=("t",),
        authorities=(Authority(actions=("read",), scope="*", constraints=(Constraint(name="amount", max=1.5),)),),
        limits=(Limit("calls", 5),),
        delegation=Delegation(max_depth=1, delegates=("d",)),
        parent=Parent(agent="p", id="m-0"),
        approvals=(TaskApproval(task="t", id="ta", approvers=("b",)),),
    ),
    Credential(id="c", identity="a", type="key", status="active"),
    Revocation(id="r", kind=RevocationKind.TOKEN, target="jti-1", effective_at=NOW),
]


def keep(store: SnapshotStore, records: Iterable[AnyRecord], *, system: str = "hr", **changes: int) -> Snapshot:
    """Write one snapshot, as the frame does."""
    counts: dict[str, int] = {}
    with store.locked(system):
        sequence = store.next_sequence(system)
        with store.writing(system, sequence) as writer:
            for record in records:
                kind = str(type(record).__struct_config__.tag)
                counts[kind] = counts.get(kind, 0) + 1
                writer.add(record)
            digest = writer.finish()
        head = Snapshot(
            id=f"{system}-{sequence}",
            system=system,
            domain=Domain.IGA,
            sequence=sequence,
            started_at=NOW,
            observed_at=changes.get("observed_at", NOW),
            completed_at=NOW,
            expires_at=NOW + instants.DAY,
            counts=counts,
            quarantined=1,
            samples=(Quarantined(where="x:1", reason="why"),),
            sha256=digest,
        )
        store.publish(head)
    return head


def names(store: SnapshotStore, system: str = "hr") -> list[str]:
    """The files of a system, without the lock."""
    return sorted(item.name for item in (store.folder / system).iterdir() if item.name != ".lock")


def test_round_trip_of_every_kind(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    assert store.latest("hr") == head
    assert store.heads("hr") == [head]
    assert store.systems() == ["hr"]
    assert list(store.records(head)) == ONE_OF_EACH
    assert (
        head.sha256
        == hashlib.sha256(gzip.decompress((store.folder / "hr/0000000001.jsonl.gz").read_bytes())).hexdigest()
    )


_names = st.text(st.characters(codec="utf-8", exclude_characters="@#"), min_size=1)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Grant,
            id=_names,
            subject=_names,
            entitlement=_names,
            scope=_names,
            via=st.text(st.characters(codec="utf-8")),
            effect=st.sampled_from(Effect),
            expires_at=st.just(0) | st.integers(instants.LEAST, instants.MOST),
        ),
        max_size=20,
    )
)
def test_round_trip_of_any_text(store: SnapshotStore, grants: list[Grant]) -> None:
    assert list(store.records(keep(store, grants))) == grants


def test_round_trip_over_many_blocks(store: SnapshotStore) -> None:
    grants = [Grant(id=f"g{n}", subject="a" * (n % 300 + 1), entitlement="x") for n in range(20_000)]
    assert list(store.records(keep(store, grants))) == grants


def test_empty(store: SnapshotStore) -> None:
    assert store.latest("hr") is None
    assert store.heads("hr") == []
    assert store.systems() == []
    assert not store.folder.exists()
    assert list(store.records(keep(store, []))) == []


def test_same_records_are_the_same_bytes(store: SnapshotStore) -> None:
    keep(store, ONE_OF_EACH)
    keep(store, ONE_OF_EACH)
    folder = store.folder / "hr"
    assert (folder / "0000000001.jsonl.gz").read_bytes() == (folder / "0000000002.jsonl.gz").read_bytes()


def test_for_the_owner_alone(store: SnapshotStore) -> None:
    (store.folder / "hr").mkdir(parents=True)
    store.folder.chmod(0o700)
    (store.folder / "hr").chmod(0o755)  # made by hand
    before = os.umask(0)
    try:
        keep(store, ONE_OF_EACH)
    finally:
        os.umask(before)
    folder = store.folder / "hr"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (store.folder, folder)} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_retention_keeps_the_newest(store: SnapshotStore) -> None:
    for _ in range(4):
        keep(store, ONE_OF_EACH)
    store.retain("hr", 2)
    assert [head.sequence for head in store.heads("hr")] == [3, 4]
    store.retain("hr", 0)
    assert names(store) == ["0000000004.json", "0000000004.jsonl.gz"]
    assert keep(store, []).sequence == 5


def test_leftovers_of_a_crash_are_ignored_then_removed(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    folder = store.folder / "hr"
    for name in ("0000000002.jsonl.gz", ".0000000002.jsonl.gz.abc", ".0000000002.json.xyz", "notes.txt"):
        (folder / name).write_bytes(b"x")
    assert store.latest("hr") == head
    with store.locked("hr"):
        assert names(store) == ["0000000001.json", "0000000001.jsonl.gz", "notes.txt"]


@pytest.mark.parametrize("raised", [ValueError, KeyboardInterrupt, LivegateError])
def test_an_error_while_writing_leaves_nothing(store: SnapshotStore, raised: type[BaseException]) -> None:
    head = keep(store, ONE_OF_EACH)

    def broken() -> Iterable[AnyRecord]:
        yield from (Grant(id=str(n), subject="a", entitlement="x") for n in range(10_000))
        raise raised("in the middle")

    with pytest.raises(raised):
        keep(store, broken())
    assert names(store) == ["0000000001.json", "0000000001.jsonl.gz"]
    assert store.latest("hr") == head


def test_head_that_cannot_be_written_takes_its_records_along(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    (store.folder / "hr/0000000002.json").mkdir()  # what the head would replace
    (store.folder / "hr/0000000002.json/x").touch()
    with store.locked("hr"), store.writing("hr", 2) as writer:
        writer.finish()
    with pytest.raises(LivegateError, match="cannot write"):
        store.publish(Snapshot(**{name: getattr(head, name) for name in head.__struct_fields__} | {"sequence": 2}))
    assert not (store.folder / "hr/0000000002.jsonl.gz").exists()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda raw: raw[: len(raw) // 2], id="cut"),
        pytest.param(lambda raw: raw[:-1], id="cut-by-one"),
        pytest.param(lambda _: b"", id="empty"),
        pytest.param(lambda raw: raw + b"x", id="longer"),
        pytest.param(lambda _: b"not gzip", id="no-gzip"),
        pytest.param(lambda raw: gzip.compress(gzip.decompress(raw).replace(b'"deny"', b'"allow"')), id="changed"),
        pytest.param(lambda raw: gzip.compress(gzip.decompress(raw).split(b"\n", 1)[1]), id="a-row-less"),
        pytest.param(lambda raw: gzip.compress(gzip.decompress(raw) + b'{"record":"x"}\n'), id="unknown-kind"),
        pytest.param(lambda raw: gzip.compress(gzip.decompress(raw)[:-1]), id="no-last-line-end"),
        pytest.param(lambda _: gzip.compress(b"[" * 100_000 + b"\n"), id="deep"),
    ],
)
def test_damaged_records(store: SnapshotStore, damage: object) -> None:
    head = keep(store, ONE_OF_EACH)
    path = store.folder / "hr/0000000001.jsonl.gz"
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]  # a lambda of the table above
    with pytest.raises(LivegateError, match="the snapshot is damaged") as caught:
        list(store.records(head))
    assert "livegate sync" in str(caught.value)


def test_a_bomb_is_not_unpacked_into_memory(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    (store.folder / "hr/0000000001.jsonl.gz").write_bytes(gzip.compress(bytes(50_000_000)))
    with pytest.raises(LivegateError, match="a line without an end"):
        list(store.records(head))


def test_records_gone(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    (store.folder / "hr/0000000001.jsonl.gz").unlink()
    with pytest.raises(LivegateError, match="the snapshot is damaged"):
        list(store.records(head))


@pytest.mark.parametrize("text", ["", "{}", "null", "[" * 100_000, "\xff", "{'id'"])
def test_damaged_head_is_no_reason_to_go_back(store: SnapshotStore, text: str) -> None:
    keep(store, ONE_OF_EACH)
    keep(store, ONE_OF_EACH)
    (store.folder / "hr/0000000002.json").write_text(text, "latin-1")
    with pytest.raises(LivegateError, match=r"0000000002\.json: the snapshot is damaged"):
        store.latest("hr")
    with pytest.raises(LivegateError, match="damaged"):
        store.heads("hr")


def test_head_of_another_snapshot(store: SnapshotStore) -> None:
    keep(store, ONE_OF_EACH)
    (store.folder / "hr/0000000001.json").rename(store.folder / "hr/0000000007.json")
    with pytest.raises(LivegateError, match="it speaks of hr 1"):
        store.latest("hr")


@pytest.mark.parametrize("system", ["../hr", "", "HR", "a/b", ".", "-x"])
def test_a_name_cannot_leave_the_folder(store: SnapshotStore, system: str) -> None:
    with pytest.raises(LivegateError, match="no name of a system"):
        store.latest(system)


def test_second_run_is_told_that_the_first_is_at_work(store: SnapshotStore) -> None:
    found: list[BaseException] = []

    def second() -> None:
        try:
            with SnapshotStore(store.folder, patience=0).locked("hr"):
                pass
        except LivegateError as error:
            found.append(error)

    with store.locked("hr"), store.locked("payroll"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(found) == 1
    assert "another run of hr is at work" in str(found[0])
    with store.locked("hr"):  # and it is free again
        pass


def test_runs_of_many_processes_take_turns(store: SnapshotStore) -> None:
    code = (
        "import sys; sys.path[:0] = sys.argv[2].split(':')\n"
        "from pathlib import Path; from livegate.sources.store import SnapshotStore\n"
        "from livegate.model.records import Grant; from livegate.model.snapshot import Snapshot, Domain\n"
        "s = SnapshotStore(Path(sys.argv[1]), patience=60)\n"
        "for _ in range(5):\n"
        "    with s.locked('hr'):\n"
        "        n = s.next_sequence('hr')\n"
        "        with s.writing('hr', n) as w:\n"
        "            w.add(Grant(id='g', subject='a', entitlement='x')); d = w.finish()\n"
        "        s.publish(Snapshot(id=f'hr-{n}', system='hr', domain=Domain.IGA, sequence=n, started_at=1,\n"
        "            observed_at=1, completed_at=1, expires_at=2, counts={'grant': 1},\n"
        "            quarantined=0, samples=(), sha256=d))\n"
    )
    arguments = [sys.executable, "-c", code, str(store.folder), ":".join(sys.path)]
    started = [subprocess.Popen(arguments) for _ in range(3)]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    heads = store.heads("hr")
    assert [head.sequence for head in heads] == list(range(1, 16))
    assert all(len(list(store.records(head))) == 1 for head in heads)


def test_full_disk_keeps_the_old_snapshot(store: SnapshotStore) -> None:
    head = keep(store, ONE_OF_EACH)
    # a limit on file size fails a write as a full disk does: an OSError in the middle of the records
    code = (
        "import os, resource, signal, sys; sys.path[:0] = sys.argv[2].split(':')\n"
        "from pathlib import Path; from livegate.sources.store import SnapshotStore\n"
        "from livegate.model.records import Grant; from livegate.errors import LivegateError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "s = SnapshotStore(Path(sys.argv[1]))\n"
        "try:\n"
        "    with s.locked('hr'), s.writing('hr', 2) as w:\n"
        "        for n in range(100_000):\n"
        "            w.add(Grant(id=os.urandom(8).hex(), subject='a', entitlement='x'))\n"
        "        w.finish()\n"
        "except LivegateError as error:\n"
        "    print(error); sys.exit(error.exit_code)\n"
    )
    arguments = [sys.executable, "-c", code, str(store.folder), ":".join(sys.path)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    assert "0000000002.jsonl.gz: cannot write: File too large" in done.stdout
    assert "check free space" in done.stdout
    assert names(store) == ["0000000001.json", "0000000001.jsonl.gz"]
    assert list(store.records(head)) == ONE_OF_EACH


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "snapshots").write_text("a file")
    with pytest.raises(LivegateError, match="cannot write"), SnapshotStore(tmp_path / "snapshots").locked("hr"):
        pass
