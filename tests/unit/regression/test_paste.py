"""What is pasted into a suite is read as what it was made from, and looks like what a person wrote."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from livegate.errors import SuiteError
from livegate.model.instants import SECOND, parse
from livegate.regression import paste
from livegate.regression.suite import Case, loads

NOON = parse("2026-11-23T12:00:00Z")
DENY = {"decision": "deny", "reasons": ["request.malformed"]}

# fmt: off
ODD = [
    "yes", "No", "on", "~", "null", "NULL", "", " ", "1", "0x1f", "0o17", "1_000", "1e3", ".5", ".nan", "-", "=", "<<",
    "2026-11-23", "2026-11-23T12:00:00Z", "12:30:45", "a: b", "a #b", "a:", "# no", "- a", "? a", "{a}", "[a", "a, b",
    "!tag", "&a", "*a", "%x", "@a", "`a", "|", ">", "'a", '"a', "\\", "\n", "\ta", "a\x00b", "\x85", "\u2028", "\ufeff",
    "\U0001f600", "\x7f", "ü", "---", "...", "true", "y", "n", "+1", "inf", "1:2", "k" * 1_500, "two  spaces", "end ",
]
# fmt: on
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.sampled_from(ODD),
)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=12
)


def read(text: str) -> Case:
    """The only case of a suite of this one."""
    made = paste.as_suite("Pasted", [text], instant=NOON)
    (case,) = loads(made.encode(), file="pasted.yaml").cases
    return case


def exact(value: Any) -> Any:
    """With types, since to Python 1 is 1.0 and True."""
    match value:
        case dict():
            return {name: exact(inner) for name, inner in value.items()}
        case list():
            return [exact(inner) for inner in value]
    return type(value).__name__, repr(value)


@settings(max_examples=300, deadline=None)
@given(VALUES)
@example({"subject": {"type": "human", "id": "no"}, "context": {"t": "2026-11-23", "n": 1e16, "m": -0.0, "k": 5e-324}})
@example({"k" * 1_500: {"k" * 1_500: [1, "x" * 300, "y" * 300]}})
@example({"a": {"b" * 200: {"c" * 100: 1}, "": {}}, "list": [["x" * 80], ["y" * 80], {}]})
def test_a_request_is_read_as_it_was(request: Any) -> None:
    case = read(paste.as_case("a name", request, NOON, DENY))
    assert exact(case.request) == exact(request)


@settings(max_examples=150, deadline=None)
@given(TEXTS.filter(lambda text: text != ""), TEXTS)
def test_a_name_and_a_comment_may_be_anything(name: str, comment: str) -> None:
    case = read(paste.as_case(name, {"a": 1}, NOON, DENY, comment=comment))
    assert case.name == name[:200]
    assert case.request == {"a": 1}


@settings(max_examples=100, deadline=None)
@given(VALUES)
def test_other_readers_of_yaml_see_the_same(request: Any) -> None:
    made = paste.as_suite("Pasted", [paste.as_case("a name", request, NOON, DENY)], instant=NOON)
    (case,) = yaml.safe_load(made)["cases"]
    assert exact(case["request"]) == exact(request)


def test_it_is_in_the_style_of_the_house() -> None:
    request = {
        "subject": {"type": "human", "id": "carol"},
        "action": {"name": "close"},
        "resource": {"type": "period", "id": "2026-10"},
        "context": {"pep": "ledger-api", "session": "s-1"},
    }
    text = paste.as_case(
        "closing it needs the ticket, all the same",
        request,
        NOON + 1,
        {"decision": "deny", "reasons": ["request.context_missing"]},
        controls=("C3", "A-04"),
        comment="Judge it.",
        signed={"pep": "ledger-api", "claims": {}},
    )
    assert text == (
        "  # Judge it.\n"
        "  - name: closing it needs the ticket, all the same\n"
        "    controls: [C3, A-04]\n"
        "    instant: 2026-11-23T12:00:00.000000001Z\n"
        "    request:\n"
        "      subject: {type: human, id: carol}\n"
        "      action: {name: close}\n"
        '      resource: {type: period, id: "2026-10"}\n'
        "      context: {pep: ledger-api, session: s-1}\n"
        "    signed: {pep: ledger-api}\n"
        "    expect: {decision: deny, reasons: [request.context_missing]}\n"
    )


def test_what_is_too_wide_is_written_below() -> None:
    request = {"context": {"pep": "p", "history": [{"action": "read", "subject": f"person-{n}"} for n in range(5)]}}
    text = paste.as_case("wide", request, NOON, DENY)
    assert all(len(line) <= 120 for line in text.splitlines())
    assert "        history:\n          - {action: read, subject: person-0}\n" in text
    assert read(text).request == request


def test_a_credential_comes_back_as_it_was_read() -> None:
    credential = {
        "kind": "access-token",
        "issuer": "https://login.example",
        "claims": {"sub": "yes", "iat": NOON - 7, "exp": "soon"},
        "bound": "dpop",
        "proof": {"claims": {"iat": NOON - 60 * SECOND, "jti": "2026-01-01"}},
    }
    signed = {"pep": "ledger-api", "claims": {"exp": NOON + SECOND}}
    case = read(paste.as_case("shown", {"a": 1}, NOON, DENY, credential=credential, signed=signed))
    assert case.credential == credential
    assert case.signed == signed


def test_all_of_an_expectation_is_read() -> None:
    expect = {
        "decision": "allow",
        "obligations": ["notify"],
        "valid_until": "2026-11-23T12:15:00Z",
        "evidence": {"elevation": {"id": "e-101", "approvers": ["carol"], "off": "no"}},
    }
    case = read(paste.as_case("allowed", [], NOON, expect))
    assert case.expect.valid_until == NOON + 900 * SECOND
    assert case.expect.evidence == expect["evidence"]


def test_several_cases_make_a_suite_with_what_is_given() -> None:
    cases = [paste.as_case(name, None, NOON, DENY) for name in ("one", "two")]
    made = paste.as_suite(
        "Found: by a machine",
        cases,
        instant=NOON,
        given={"revocations": [{"kind": "subject", "target": "bob", "from": "-1h"}]},
        comment="Not judged yet.",
    )
    suite = loads(made.encode(), file="s.yaml")
    assert (suite.title, [case.name for case in suite.cases]) == ("Found: by a machine", ["one", "two"])
    assert made.startswith("# Not judged yet.\n")


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "\ud800", {"\udfff": 1}, b"x", {1}])
def test_what_yaml_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(SuiteError):
        paste.as_case("a name", {"a": value}, NOON, DENY)
