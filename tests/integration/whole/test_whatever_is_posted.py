"""Whatever is posted to the decision API gets a defined answer, and never an allow that was not asked for rightly."""

from __future__ import annotations

import contextlib
import copy
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import V0, V1, dump, reasons, wrapped

if TYPE_CHECKING:
    from .conftest import Organisation

MIB = 1 << 20
LIMIT = MIB  # what the generated configuration says
PORTAL = "timesheets-portal"  # the one that may ask in nobody's name
VERSIONS = pytest.mark.parametrize("path", [V1, V0])


def answered(organisation: Organisation, path: str, body: bytes | None, **headers: str) -> dict[str, Any]:
    done = organisation.call("POST", path, body, **headers)
    assert done.status_code == 200, (done.status_code, done.text[:500])
    found = done.json()
    answer: dict[str, Any] = found["result"] if path == V1 else found
    return answer


def denied(organisation: Organisation, path: str, body: bytes | None, **headers: str) -> set[str]:
    answer = answered(organisation, path, body, **headers)
    assert answer["decision"] is False
    assert answer["context"]["obligations"] == []
    assert {"reasons", "evidence", "revisions", "evaluated_at"} <= set(answer["context"])
    for reason in answer["context"]["reasons"]:
        assert reason["id"].startswith(f"{reason['gate']}.")
        assert reason["next_action"] in {"request", "retry", "none"}
    found = reasons(answer)
    assert found
    return found


@VERSIONS
def test_the_request_that_all_others_here_are_made_of_is_allowed(path: str, shared: Organisation) -> None:
    assert answered(shared, path, wrapped(path, json.dumps(dump())))["decision"] is True


BARE = {
    "nothing": None,
    "no bytes": b"",
    "null": b"null",
    "empty list": b"[]",
    "list": b'[{"subject":{}}]',
    "number": b"7",
    "text": b'"subject"',
    "true": b"true",
    "empty object": b"{}",
    "no UTF-8": b'{"subject":"\xff\xfe"}',
    "500 levels": b'{"a":' * 500 + b"1" + b"}" * 500,
    "a list of 500 levels": b"[" * 500 + b"]" * 500,
    "nearly all of a megabyte": b'{"padding":"' + b"x" * (MIB - 1000) + b'"}',
    "half a million numbers": b"[" + b"1," * 500_000 + b"1]",
    "members in capitals": b'{"INPUT":' + json.dumps(dump()).encode() + b"}",
}


@VERSIONS
@pytest.mark.parametrize("body", BARE.values(), ids=BARE)
def test_what_is_no_request(path: str, body: bytes | None, shared: Organisation) -> None:
    assert "request.malformed" in denied(shared, path, body, caller=PORTAL)


@pytest.mark.parametrize("given_input", [body for body in BARE.values() if body], ids=[n for n, b in BARE.items() if b])
def test_what_is_no_input(given_input: bytes, shared: Organisation) -> None:
    assert "request.malformed" in denied(shared, V1, b'{"input":' + given_input + b"}", caller=PORTAL)


FIELDS = [
    ("subject",), ("subject", "type"), ("subject", "id"), ("action",), ("action", "name"), ("resource",),
    ("resource", "type"), ("resource", "id"), ("context",), ("context", "pep"), ("context", "session"),
    ("context", "ticket"),
]  # fmt: skip
VALUES: list[Any] = [None, True, 0, -1.5, 12345678901234567890123, "", [], ["alice"], {}, {"id": "alice"}]


@VERSIONS
@pytest.mark.parametrize("field", FIELDS, ids=".".join)
def test_a_wrong_type_in_each_field(path: str, field: tuple[str, ...], shared: Organisation) -> None:
    for value in VALUES:
        request = copy.deepcopy(dump())
        parent = request if len(field) == 1 else request[field[0]]
        parent[field[-1]] = value
        body = wrapped(path, json.dumps(request))
        if field == ("context", "pep"):  # then it names an enforcement point, and not the caller
            assert shared.call("POST", path, body).status_code == 401
        elif field == ("context",):  # then it names none, which only one may
            assert shared.call("POST", path, body).status_code == 401
            assert denied(shared, path, body, caller=PORTAL)
        else:
            assert denied(shared, path, body)
    del parent[field[-1]]
    caller = PORTAL if field in {("context", "pep"), ("context",)} else "db-proxy"
    assert denied(shared, path, wrapped(path, json.dumps(request)), caller=caller)


@VERSIONS
@pytest.mark.parametrize("field", [("subject", "id"), ("resource", "id"), ("action", "name")], ids=".".join)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * (MIB - 1000), id="1 MB"), "alice\0", "\0", "ALICE", "Alice", " alice", "alice ",
        "al\u0131ce", "\u0430lice", "alice\u200b", "\u202eecila", "\ufeffalice", "\ud800", "\U0010ffff", "../alice",
        "*", "%2a", "orders-prod@*", "dump@*",
    ],
)  # fmt: skip
def test_an_identifier_that_only_looks_like_one(
    path: str, field: tuple[str, str], text: str, shared: Organisation
) -> None:
    request = copy.deepcopy(dump())
    request[field[0]][field[1]] = text
    assert denied(shared, path, wrapped(path, json.dumps(request)))


@VERSIONS
@pytest.mark.parametrize(
    "number",
    ["1234567890123456789", "12345678901234567890", "-0", "1e400", "-1e-400", "0.1e1", "1" * 100_000],
    ids=lambda text: text[:20],
)
def test_numbers_where_text_belongs(path: str, number: str, shared: Organisation) -> None:
    for text in ('"alice"', '"dump"', '"orders-prod"', '"s-1"', '"CHG-4407"'):
        assert denied(shared, path, wrapped(path, json.dumps(dump()).replace(text, number)))


@VERSIONS
def test_a_number_beyond_what_opa_counts_is_no_decision(path: str, shared: Organisation) -> None:
    """OPA 1.22.2 answers 500 `number too big` instead of a decision, wherever in the request the number is."""
    for request in (dump(), dump(n=0)):
        text = json.dumps(request).replace('"n": 0', '"n": 1e99999999').replace('"s-1"', "1e99999999")
        done = shared.call("POST", path, wrapped(path, text))
        assert done.status_code == 500
        assert "decision" not in done.json()
        assert "result" not in done.json()


@VERSIONS
def test_what_nobody_asked_for_changes_nothing(path: str, shared: Organisation) -> None:
    """AuthZEN lets a request hold more than is known; it neither helps nor hinders."""
    for more in ({"padding": "x" * (MIB - 1000)}, {"decision": True}, {"n": 10**400}, {"": None, "\u2028": "\0\u202e"}):
        assert answered(shared, path, wrapped(path, json.dumps(dump(**more))))["decision"] is True
        mallory = dump(subject={"type": "human", "id": "mallory"}, **more)
        assert denied(shared, path, wrapped(path, json.dumps(mallory))) == {
            "identity.unknown", "entitlement.missing", "elevation.missing",
        }  # fmt: skip


@VERSIONS
def test_of_a_member_that_comes_twice_the_last_counts_for_all(path: str, shared: Organisation) -> None:
    """One parse serves authorization and decision, so that they cannot see two different requests."""
    honest = json.dumps(dump())
    others = json.dumps(dump()["context"] | {"pep": "ledger-api"})
    mallory = '{"type":"human","id":"mallory"}'
    assert "identity.unknown" in denied(shared, path, wrapped(path, honest[:-1] + f',"subject":{mallory}}}'))
    last = answered(shared, path, wrapped(path, f'{{"subject":{mallory},{honest[1:]}'))
    assert last["decision"] is True
    for body in (
        wrapped(path, honest[:-1] + f',"context":{others}}}'),
        wrapped(path, f'{honest[:-1]},"context":{others}}}'.replace("db-proxy", "ledger-api")),
    ):
        assert shared.call("POST", path, body).status_code == 401
    twice = f'{{"input":{honest},"input":{honest.replace("db-proxy", "ledger-api")}}}'
    assert shared.call("POST", V1, twice).status_code == 401


@VERSIONS
def test_another_encoding_of_another_ones_name(path: str, shared: Organisation) -> None:
    """The body that authorization saw is the one that is decided on, compressed, as YAML, under escaped paths."""
    spoof = json.dumps(dump()).replace("db-proxy", "ledger-api")
    body = wrapped(path, spoof)
    for where in (path, path.replace("authz", "%61uthz"), path.replace("data", "d%61ta"), path.replace("/v", "/%76")):
        assert shared.call("POST", where, body).status_code == 401
        assert shared.call("POST", where, gzip.compress(body, mtime=0), Content_Encoding="gzip").status_code == 401
        assert shared.call("POST", where, body, Content_Type="application/yaml").status_code == 401
    for name in ("Input", "INPUT", "\u0131nput"):
        assert "request.malformed" in denied(shared, V1, f'{{"{name}":{spoof}}}'.encode(), caller=PORTAL)


BROKEN = {
    "an open brace": b"{",
    "a word": b"nonsense",
    "white space": b" ",
    "two values": b"{} {}",
    "something behind": b"{}x",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": json.dumps({"input": dump()}).encode("utf-16"),
    "NaN": b'{"input":NaN}',
    "20,000 levels": b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    "cut off": json.dumps({"input": dump()}).encode()[:-3],
    "a form": b"subject=alice&action=dump",
}


@VERSIONS
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_json_is_400(path: str, body: bytes, shared: Organisation) -> None:
    done = shared.call("POST", path, body)
    assert done.status_code == 400
    assert done.json()["code"] == "invalid_parameter"


@VERSIONS
def test_any_content_type_is_read_as_json_but_yaml(path: str, shared: Organisation) -> None:
    """OPA looks for `yaml` in the content type and takes all else for JSON; both mean the same request."""
    body = wrapped(path, json.dumps(dump()))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "text/html; charset=utf-16", "application/x-yaml"):
        assert answered(shared, path, body, Content_Type=kind)["decision"] is True
    bombs = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 9)) for name in b"bcdefghi"
    )
    assert shared.call("POST", path, bombs, Content_Type="application/yaml").status_code == 400


@VERSIONS
def test_beyond_the_limit_is_400_with_the_limit(path: str, shared: Organisation) -> None:
    """`request_bytes` is 1 MiB; one byte more, plain or unpacked, and OPA says which limit it was."""
    frame = len(wrapped(path, json.dumps(dump(p=""))))
    most = wrapped(path, json.dumps(dump(p="x" * (LIMIT - frame))))
    assert len(most) == LIMIT
    assert answered(shared, path, most)["decision"] is True
    assert answered(shared, path, gzip.compress(most, 1, mtime=0), Content_Encoding="gzip")["decision"] is True
    more = most.replace(b"xx", b"xxx", 1)
    done = shared.call("POST", path, more)
    assert (done.status_code, done.json()["code"]) == (400, "invalid_parameter")
    assert f"exceeds limit of {LIMIT} bytes" in done.json()["message"]
    done = shared.call("POST", path, gzip.compress(more, 1, mtime=0), Content_Encoding="gzip")
    assert done.status_code == 400
    assert f"exceeds limit of {LIMIT} bytes" in done.json()["message"]


@VERSIONS
@pytest.mark.parametrize(
    "body", [b"xx", b"", b"\x1f\x8b\x08", gzip.compress(b"{}", mtime=0)[:-4], gzip.compress(b"{}", mtime=0) + b"x"]
)
def test_broken_gzip_decides_nothing(path: str, body: bytes, shared: Organisation) -> None:
    """A body without a gzip header makes OPA 1.22.2 drop the connection (its handler panics); OPA itself goes on."""
    with contextlib.suppress(requests.ConnectionError):
        assert shared.call("POST", path, body, Content_Encoding="gzip").status_code == 400
    assert answered(shared, path, wrapped(path, json.dumps(dump())))["decision"] is True


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["alice", "human", "dump", "database", "account:prod", "*", "db-proxy"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = ("type", "id", "name", "properties", "session", "ticket", "parents")


def part() -> st.SearchStrategy[Any]:
    return JSON | st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=4)


@VERSIONS
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    request=JSON | st.fixed_dictionaries({}, optional={"subject": part(), "action": part(), "resource": part()}),
    context=st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3) | JSON,
)
def test_generated_requests_are_denied_with_reasons(
    path: str, request: Any, context: Any, shared: Organisation
) -> None:
    if isinstance(request, dict):
        named = (
            {"pep": "db-proxy"} | {k: v for k, v in context.items() if k != "pep"} if isinstance(context, dict) else 0
        )
        request = {**request, "context": named} if named else {k: v for k, v in request.items() if k != "context"}
    caller = "db-proxy" if isinstance(request, dict) and "context" in request else PORTAL
    assert denied(shared, path, wrapped(path, json.dumps(request)), caller=caller)
