"""The file connector: what is accepted, and every way in which an export is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from livegate.errors import ConfigError, IncompleteError, SourceError
from livegate.model import instants
from livegate.model.records import Approval, Effect, Elevation, Grant, Identity, IdentityType, Recording, Status
from livegate.sources import connect
from livegate.sources.file import FileSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from livegate.sources.config import SourceConfig
    from livegate.sources.protocol import Effects, Row

    Put = Callable[..., Path]
    Config = Callable[..., SourceConfig]

HEADER = "subject,entitlement\n"


def test_every_identity_column(put: Put, read: Callable[..., list[Row]]) -> None:
    put(
        "people.csv",
        "id,type,status,owners,sponsor,environment,user_name,external_id\n"
        "ci,workload,active,alice;bob,carol,production,ci-bot,E-17\n",
        rows=1,
    )
    assert read("people.csv", "identity") == [
        Identity(
            id="ci",
            type=IdentityType.WORKLOAD,
            status=Status.ACTIVE,
            owners=("alice", "bob"),
            sponsor="carol",
            environment="production",
            user_name="ci-bot",
            external_id="E-17",
        )
    ]


def test_elevation_with_nested_approval(put: Put, read: Callable[..., list[Row]]) -> None:
    put(
        "elevations.jsonl",
        '{"id":"e1","subject":"alice","resource":"database:orders","actions":["restore"],'
        '"not_before":"2026-11-23T17:00:00Z","expires_at":"2026-11-23T19:00:00.000000001Z","recording":"on",'
        '"approval":{"id":"a1","requester":"alice","approvers":["bob"],"required":1,'
        '"approved_at":"2026-11-23T16:59:00+00:00","ticket":"CHG-1"}}\n'
        '{"id":"e2","subject":"alice","entitlement":"orders:dba","scope":"*","approval":null,'
        '"not_before":"2026-11-23T17:00:00Z","expires_at":"2026-11-23T19:00:00Z"}\n',
        rows=2,
    )
    start, end = instants.parse("2026-11-23T17:00:00Z"), instants.parse("2026-11-23T19:00:00Z")
    assert read("elevations.jsonl", "elevation") == [
        Elevation(
            id="e1",
            subject="alice",
            resource="database:orders",
            actions=("restore",),
            not_before=start,
            expires_at=end + 1,
            recording=Recording.ON,
            approval=Approval(
                id="a1", requester="alice", approvers=("bob",), approved_at=start - instants.MINUTE, ticket="CHG-1"
            ),
        ),
        Elevation(
            id="e2", subject="alice", entitlement="orders:dba", not_before=start, expires_at=end, approval=Approval()
        ),
    ]


def test_bom_crlf_quoted_newline_and_formula_are_data(put: Put, read: Callable[..., list[Row]]) -> None:
    formula = "=cmd|'/c calc'!A1"
    body = f'\ufeffid,subject,entitlement,scope\r\n1,{formula},"two\r\nlines;and ""quotes""",*\r\n+2,-a,\u2028b,@x\r\n'
    put("grants.csv", body, rows=2)
    assert read("grants.csv") == [
        Grant(id="1", subject=formula, entitlement='two\r\nlines;and "quotes"'),
        Grant(id="+2", subject="-a", entitlement="\u2028b", scope="@x"),
    ]


def test_jsonl_with_bom_crlf_and_empty_lines(put: Put, read: Callable[..., list[Row]]) -> None:
    put("g.ndjson", b'\xef\xbb\xbf{"subject":"a","entitlement":"x"}\r\n\r\n{"subject":"b","entitlement":"y"}', rows=2)
    assert [row.id for row in read("g.ndjson", default_scope="*") if isinstance(row, Grant)] == ["a/x@*", "b/y@*"]


@pytest.mark.parametrize("empty", [b"\n", b" \t\r\n", b""])
def test_lines_are_counted_over_many_blocks(put: Put, read: Callable[..., list[Row]], empty: bytes) -> None:
    lines = [b'{"id":"g%d","subject":"s","entitlement":"caf\xc3\xa9","scope":"*"}\n' % n for n in range(10_000)]
    lines.insert(5_000, empty)
    put("g.jsonl", b"".join(lines), rows=10_000)
    assert [row.id for row in read("g.jsonl") if isinstance(row, Grant)] == [f"g{n}" for n in range(10_000)]


def test_columns_values_and_ignore(put: Put, read: Callable[..., list[Row]]) -> None:
    section: dict[str, Any] = {
        "columns": {"id": "uid", "user_name": "uid", "status": "STATE", "environment": "env"},
        "values": {"status": {"A": "active", "T": "disabled"}, "environment": {"prd": "production"}},
        "ignore": ["phone", "shoes"],
    }
    put("p.csv", "uid,STATE,type,env,phone\na,A,human,prd,1\nb,T,human,dev,2\n", rows=2)
    put(
        "p.jsonl",
        '{"uid":"a","STATE":"A","type":"human","env":"prd","phone":{"x":[1]}}\n'
        '{"uid":"b","STATE":"T","type":"human","env":"dev"}\n',
        rows=2,
    )
    expected = [
        Identity(id="a", type=IdentityType.HUMAN, status=Status.ACTIVE, environment="production", user_name="a"),
        Identity(id="b", type=IdentityType.HUMAN, status=Status.DISABLED, environment="dev", user_name="b"),
    ]
    assert read("p.csv", "identity", **section) == expected
    assert read("p.jsonl", "identity", **section) == expected


def test_observed_at_is_the_oldest_export(put: Put, config: Config, effects: Effects) -> None:
    put("p.csv", "id,type,status\na,human,active\n", rows=1, exported_at="2026-11-23T17:00:00Z")
    put("g.csv", HEADER, rows=0, exported_at="2026-11-23T16:00:00Z")
    listing = FileSource(config(identity={"path": "p.csv"}, grant={"path": "g.csv"}), effects).listing()
    assert listing.observed_at == instants.parse("2026-11-23T16:00:00Z")
    assert [type(row) for row in listing.rows] == [Identity]


def test_deny_is_read(put: Put, read: Callable[..., list[Row]]) -> None:
    put("g.csv", "subject,entitlement,scope,effect\na,x,*,deny\n", rows=1)
    (row,) = read("g.csv")
    assert isinstance(row, Grant)
    assert row.effect is Effect.DENY


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        pytest.param("g.csv", HEADER + 'a,x\nb,"y', "g.csv:3: the row that begins here is not CSV", id="open-quote"),
        pytest.param("g.csv", HEADER + "a,x\nb\n", "g.csv:3: 1 cells where the header has 2", id="short-row"),
        pytest.param("g.csv", HEADER + "a,x,z\n", "g.csv:2: 3 cells where the header has 2", id="long-row"),
        pytest.param("g.csv", HEADER + '"a"b,x\n', "g.csv:2: the row that begins here is not CSV", id="bad-quote"),
        pytest.param("g.csv", HEADER + "a\rb,x\n", "g.csv:2: the row that begins here is not CSV", id="lone-cr"),
        pytest.param("g.csv", "", "without even a header", id="empty-csv"),
        pytest.param("g.csv", "subject,entitlement,shoes\n", "unknown column 'shoes'", id="unknown-column"),
        pytest.param("g.csv", "subject\n", "no column 'entitlement'", id="missing-column"),
        pytest.param("g.csv", "subject,entitlement,subject\n", "'subject' is there twice", id="column-twice"),
        pytest.param(
            "g.csv", HEADER.encode() + b"a,x\nb,\xff\n", "line 3 is not UTF-8 (byte 0xff at offset 26)", id="utf8"
        ),
        pytest.param("g.csv", b"\xff\xfes\x00u\x00", "line 1 is not UTF-8", id="utf16"),
        pytest.param("g.csv", HEADER + "a," + "x" * 200_000 + "\n", "field larger than field limit", id="huge-cell"),
        pytest.param("g.jsonl", b'{"subject":"a","entitlement":"\xc3("}\n', "line 1 is not UTF-8", id="utf8-json"),
        pytest.param("g.jsonl", '{"subject":"a","entitlement":"x"}\n{"subj', "g.jsonl:2: not a JSON object", id="cut"),
        pytest.param("g.jsonl", "<html>\n", "g.jsonl:1: not a JSON object", id="html"),
        pytest.param("g.jsonl", "[1]\n", "g.jsonl:1: not a JSON object", id="list"),
        pytest.param("g.jsonl", "[" * 100_000 + "\n", "g.jsonl:1: not a JSON object", id="deep"),
        pytest.param("g.jsonl", '{"subject":' + "9" * 5000 + "}\n", "g.jsonl:1: not a JSON object", id="huge-number"),
        pytest.param("g.jsonl", '{"subject":"\\ud800","entitlement":"x"}\n', "g.jsonl:1: not a JSON", id="surrogate"),
        pytest.param("g.jsonl", '{"subject":"a","entitlement":"x","shoes":1}\n', "unknown column 'shoes'", id="member"),
        pytest.param("g.jsonl", "x" * 6_000_000, "a line of more than", id="endless-line"),
    ],
)
def test_export_refused(put: Put, read: Callable[..., list[Row]], name: str, data: str | bytes, says: str) -> None:
    # the manifest is right about hash and count: the export itself is what is wrong
    raw = data.encode() if isinstance(data, str) else data
    put(name, data, rows=raw.count(b"\n") - (1 if name.endswith("csv") else 0) + (not raw.endswith(b"\n")))
    with pytest.raises(SourceError) as caught:
        read(name)
    assert says in str(caught.value)
    assert caught.value.todo


def test_place_of_a_wrong_byte_far_into_the_file(put: Put, read: Callable[..., list[Row]]) -> None:
    good = "\ufeff" + HEADER + "ä,x\n" * 500_000  # some blocks of 1 MiB
    raw = good.encode() + b"b,\xff\n"
    put("g.csv", raw, rows=500_001)
    with pytest.raises(SourceError) as caught:
        read("g.csv")
    assert f"line 500002 is not UTF-8 (byte 0xff at offset {raw.index(0xFF)})" in str(caught.value)


def test_unknown_member_of_the_approval_is_named(put: Put, read: Callable[..., list[Row]]) -> None:
    put(
        "e.jsonl",
        '{"id":"e","subject":"a","entitlement":"x","not_before":"2026-11-23T17:00:00Z",'
        '"expires_at":"2026-11-23T19:00:00Z","approval":{"approver":"bob"}}\n',
        rows=1,
    )
    with pytest.raises(SourceError, match=r"unknown column 'approval\.approver'"):
        read("e.jsonl", "elevation")


def test_cut_after_the_manifest_was_written(put: Put, read: Callable[..., list[Row]]) -> None:
    path = put("g.csv", HEADER + "a,x\nb,y\n", rows=2)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(IncompleteError, match="1 rows read, 2 named"):
        read("g.csv")


def test_larger_than_allowed(put: Put, read: Callable[..., list[Row]]) -> None:
    put("g.csv", HEADER + "a,x\n", rows=1)
    with pytest.raises(SourceError, match="larger than 10 bytes"):
        read("g.csv", settings={"max_bytes": 10})


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_not_a_regular_file(put: Put, read: Callable[..., list[Row]], tmp_path: Path, kind: str) -> None:
    path = put("g.csv", HEADER, rows=0)
    path.unlink()
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    with pytest.raises(SourceError, match="not a regular file"):
        read("g.csv")


@pytest.mark.parametrize("name", ["g.csv", "g.jsonl"])
def test_changed_under_the_reader(put: Put, config: Config, effects: Effects, name: str) -> None:
    row = {"g.csv": "a,*,x{}\n", "g.jsonl": '{{"subject":"a","scope":"*","entitlement":"x{}"}}\n'}[name]
    text = ("subject,scope,entitlement\n" if name == "g.csv" else "") + "".join(
        row.format(n) for n in range(100_000, 300_000)
    )
    path = put(name, text, rows=200_000)  # over 1 MiB: the end is not read yet when the first row is
    rows = FileSource(config(grant={"path": name}), effects).listing().rows
    assert isinstance(next(rows), Grant)
    with path.open("r+b") as stream:  # in place, same length: only the hash can tell
        stream.seek(-4, os.SEEK_END)
        stream.write(b"7")
    with pytest.raises(IncompleteError, match=r"changed while it was read|not a JSON object"):
        for _ in rows:
            pass


def test_replaced_under_the_reader_is_read_as_proven(
    put: Put, config: Config, effects: Effects, tmp_path: Path
) -> None:
    put("g.csv", HEADER + "a,x\n", rows=1)
    rows = FileSource(config(grant={"path": "g.csv", "default_scope": "*"}), effects).listing().rows
    (tmp_path / "new").write_text(HEADER + "mallory,x\n")
    (tmp_path / "new").replace(tmp_path / "g.csv")
    assert [row.subject for row in rows if isinstance(row, Grant)] == ["a"]


def test_all_is_proven_before_the_first_row(put: Put, config: Config, effects: Effects) -> None:
    put("p.csv", "id,type,status\na,human,active\n", rows=1)
    put("g.csv", HEADER + "a,x\n", rows=2)
    source = FileSource(config(identity={"path": "p.csv"}, grant={"path": "g.csv"}), effects)
    with pytest.raises(IncompleteError, match=r"g\.csv"):
        source.listing()


def test_files_are_closed_when_nobody_reads(put: Put, config: Config, effects: Effects) -> None:
    put("g.csv", HEADER + "a,x\n", rows=1)
    source = FileSource(config(grant={"path": "g.csv"}), effects)
    before = set(Path("/dev/fd").iterdir())
    listing = source.listing()
    assert len(set(Path("/dev/fd").iterdir()) - before) >= 1
    del listing
    assert not set(Path("/dev/fd").iterdir()) - before


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({"path": "g.txt"}, "ends in none of .csv, .jsonl, .ndjson"),
        ({"path": "g.csv", "columns": {"subjct": "x"}}, "no field 'subjct'"),
        ({"path": "g.csv", "values": {"effect": {"x": "alow"}}}, "'alow' is none of allow, deny"),
        ({"path": "g.csv", "values": {"expires_at": {"x": "y"}}}, "only words and plain text"),
        ({"path": "g.csv", "ignore": ["scope"]}, "column 'scope' is in use"),
    ],
)
def test_configuration_refused(config: Config, effects: Effects, section: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(config(grant=section), effects)
    assert says in str(caught.value)
    assert "exports.grant" in str(caught.value)


@pytest.mark.parametrize("kind", ["identity", "breakglass", "mandate"])
def test_a_default_scope_is_for_kinds_that_have_one(config: Config, effects: Effects, kind: str) -> None:
    with pytest.raises(ConfigError, match=f"default_scope: a {kind} has no scope"):
        connect(config(**{kind: {"path": "x.csv", "default_scope": "*"}}), effects)


def test_files_need_no_http_client() -> None:
    code = "import sys, livegate.sources.file, livegate.sources; sys.exit('requests' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": ":".join(sys.path)})
