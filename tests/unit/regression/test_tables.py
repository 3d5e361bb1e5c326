"""Tables: a case a row, checked as strictly as any other, and refused by the place of what is wrong."""

from __future__ import annotations

import pytest

from livegate.errors import SuiteError
from livegate.model.instants import parse
from livegate.regression.suite import Case, loads

HEAD = """suite: A suite
population: example
instant: 2026-11-23T12:00:00Z
cases:
  - name: "{who} reads {what}"
    controls: [C3]
    instant: "{at}"
    request: {subject: {id: "{who}"}, note: "{{{who}}}", "{who}": 1, amount: "{amount}", text: "amount {amount}"}
    expect: {decision: "{decision}", reasons: "{reasons}"}
    table:
"""
ROW = "{who: alice, what: a, at: +1m, amount: 12.50, decision: allow, reasons: []}"
OTHER = "{who: bob, what: b, at: -1m, amount: null, decision: deny, reasons: [entitlement.missing]}"


def pointed(text: str, message: str) -> str:
    """The message with what stands at its place in ``text``, instead of the place."""
    file, line, column, rest = message.split(":", 3)
    assert file == "s.yaml"
    return f"{text.splitlines()[int(line) - 1][int(column) - 1 :]} |{rest}"


def text_of(rows: tuple[str, ...], head: str = HEAD) -> str:
    """A suite of a table with these rows."""
    return head + "".join(f"      - {row}\n" for row in rows)


def cases(*rows: str, head: str = HEAD) -> tuple[Case, ...]:
    """Its cases."""
    return loads(text_of(rows, head).encode(), file="s.yaml").cases


def refused(*rows: str, head: str = HEAD) -> str:
    """What stands where it is refused, and why."""
    with pytest.raises(SuiteError) as caught:
        cases(*rows, head=head)
    return pointed(text_of(rows, head), str(caught.value))


def test_each_row_is_a_case_with_its_own_line() -> None:
    first, second = cases(ROW, OTHER)
    assert (first.name, first.line, first.entry) == ("alice reads a", 11, 5)
    assert (second.name, second.line, second.entry) == ("bob reads b", 12, 5)
    assert first.instant == parse("2026-11-23T12:01:00Z")
    assert first.expect.allow
    assert second.expect.reasons == {"entitlement.missing"}


def test_a_parameter_alone_is_its_value_and_inside_text_is_written_out() -> None:
    first, second = cases(ROW, OTHER)
    assert first.request == {
        "subject": {"id": "alice"},
        "note": "{alice}",
        "alice": 1,
        "amount": 12.5,
        "text": "amount 12.5",
    }
    assert (second.request["amount"], second.request["text"]) == (None, "amount null")


def test_lists_are_written_out_by_commas() -> None:
    head = HEAD.replace("reads {what}", "is refused: {reasons}").replace('"amount {amount}"', '"{what}"')
    row = "{who: a, what: {k: [1]}, at: +0s, amount: true, decision: deny, reasons: [a.b, c.d]}"
    (case,) = cases(row, head=head)
    assert case.name == "a is refused: a.b, c.d"
    assert case.request["text"] == {"k": [1]}


def test_braces_elsewhere_are_braces() -> None:
    text = 'suite: A\npopulation: example\ninstant: 2026-11-23T12:00:00Z\ncases:\n  - {name: "{x}", controls: [C3], '
    text += 'request: "{{x}", expect: {decision: deny, reasons: [request.malformed]}}\n'
    (case,) = loads(text.encode(), file="s.yaml").cases
    assert (case.name, case.request) == ("{x}", "{{x}")


@pytest.mark.parametrize(
    ("rows", "stands", "message"),
    [
        (
            (ROW.replace("who:", "whoo:"),),
            "whoo: alice",
            "cases[0].table[0]: nothing uses the parameter 'whoo'\n  → did you mean 'who'?",
        ),
        (
            (ROW, OTHER.replace("what: b, ", "")),
            "{who: bob",
            "cases[0].table[1]: has no 'what'\n  → each row says all parameters: amount, ",
        ),
        ((ROW.replace("what: a, ", ""),), '"{who} reads', "cases[0].name: {what} is no parameter of the table\n  → "),
        ((ROW.replace("}", ", more: 1}"),), "more: 1", "cases[0].table[0]: nothing uses the parameter 'more'"),
        ((ROW, ROW), "alice, what", "cases[0]: the name 'alice reads a' is taken by line 11\n  → "),
        (
            (ROW, OTHER.replace("deny", "dney")),
            "dney,",
            "cases[0].expect.decision: 'dney' is not known\n  → did you mean 'deny'?",
        ),
        ((ROW.replace("+1m", "soon"),), "soon,", "cases[0].instant: is not of the form that is asked for"),
        ((ROW.replace("+1m", "+300000d"),), "+300000d,", "cases[0].instant: +300000d leads out of"),
        (
            (OTHER.replace("[entitlement.missing]", "[Missing]"),),
            "Missing]",
            "cases[0].expect.reasons[0]: is not of the form",
        ),
        ((OTHER.replace("[entitlement.missing]", "[]"),), "[]}", "cases[0].expect.reasons: a denial names all"),
        ((OTHER.replace("[entitlement.missing]", "5"),), "5}", "cases[0].expect.reasons: 5 is not of type 'array'"),
        (("{}",), "{}", "cases[0].table[0]: "),
        (("{'a b': 1}",), "{'a b'", "cases[0].table[0]: "),
        (("5",), "5", "cases[0].table[0]: 5 is not of type 'object'"),
    ],
    ids=range(14),
)
def test_what_is_wrong_is_told_by_place(rows: tuple[str, ...], stands: str, message: str) -> None:
    found = refused(*rows)
    assert found.startswith(stands)
    assert f"| {message}" in found


def test_a_brace_that_stands_alone_is_refused() -> None:
    head = HEAD.replace('"amount {amount}"', '"amount { {amount}"')
    found = refused(ROW, head=head)
    assert found.startswith('"amount { {amount}"')
    assert "| cases[0].request.text: a brace that stands alone" in found


def test_a_misspelt_key_of_a_template_is_named() -> None:
    assert "unknown key 'tabel'\n  → did you mean 'table'?" in refused(
        ROW, head=HEAD.replace("    table:", "    tabel:")
    )


def test_rows_may_be_given_something_of_their_own() -> None:
    head = HEAD.replace('    instant: "{at}"', '    given: {without: {grants: ["{who}"]}}\n    instant: "{at}"')
    first, second = cases(ROW, OTHER, head=head)
    assert first.given != second.given
    assert str(first.given.places["without.grants", "alice"]) == "s.yaml:12:15"


def test_rows_that_stand_for_gigabytes_are_refused() -> None:
    long = HEAD.replace(
        'text: "amount {amount}"', 'text: "amount {amount}", long: [' + ", ".join(["a" * 100] * 1000) + "]"
    )
    rows = (ROW.replace("alice", f"a{number}") for number in range(3000))
    assert "| cases[0].table: 3000 rows of so long a case are more than 256 MiB" in refused(*rows, head=long)
