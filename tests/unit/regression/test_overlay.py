"""Overlays: records and patches that add up, equal by content, refused by place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given as tried
from hypothesis import strategies as st

from livegate.errors import SuiteError
from livegate.regression.overlay import Overlay, patched
from livegate.regression.suite import loads

if TYPE_CHECKING:
    from livegate.regression.cases import Given

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)

CASE = "cases: [{name: a, controls: [C3], request: {}, expect: {decision: deny, reasons: [request.malformed]}}]\n"


def pointed(text: str, message: str) -> str:
    """The message with what stands at its place in ``text``, instead of the place."""
    file, line, column, rest = message.split(":", 3)
    assert file == "s.yaml"
    return f"{text.splitlines()[int(line) - 1][int(column) - 1 :]} |{rest}"


def text_of(text: str, population: str = "example") -> str:
    """A suite that is given this."""
    return f"suite: A\npopulation: {population}\ninstant: 2026-11-23T12:00:00Z\ngiven: {text}\n{CASE}"


def given(text: str, *, population: str = "example") -> Given:
    """The same, read."""
    return loads(text_of(text, population).encode(), file="s.yaml").given


def refused(text: str, *, population: str = "example") -> str:
    """What stands where it is refused, and why."""
    with pytest.raises(SuiteError) as caught:
        given(text, population=population)
    return pointed(text_of(text, population), str(caught.value))


@pytest.mark.parametrize(
    ("value", "patch", "result"),
    [  # RFC 7386, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_patches_are_those_of_the_standard(value: Any, patch: Any, result: Any) -> None:
    assert patched(value, patch) == result


@tried(JSON, JSON)
def test_a_patch_changes_neither_of_the_two(value: Any, patch: Any) -> None:
    before = repr((value, patch))
    patched(value, patch)
    assert repr((value, patch)) == before


def test_text_and_value_are_the_same() -> None:
    overlay = Overlay({"grants": {"g": {"id": "g"}}}, {"grants": {"h": True}}, ({"config": {"leeway": 1}},))
    assert Overlay.of(overlay.text()) == overlay
    assert Overlay().text() == ""
    assert Overlay({"grants": {}}, {"grants": {}}).text() == ""


def test_what_is_put_in_again_is_not_gone() -> None:
    gone = Overlay(gone={"grants": {"g": True}})
    back = gone.then(Overlay({"grants": {"g": {"id": "g"}}}))
    assert back.text() == Overlay({"grants": {"g": {"id": "g"}}}).text()
    assert back.then(Overlay(gone={"grants": {"g": True}})).gone == {"grants": {"g": False}}


def test_times_are_offsets_from_the_suites_instant() -> None:
    mandate = (
        "{id: m, agent: a, subject: b, state: active, not_before: -1d, expires_at: +1d, tasks: [t], authorities: []"
    )
    elevation = "{id: e, subject: a, resource: 'a:b', actions: [c], not_before: -1h, expires_at: 2026-11-23T13:00:00.5Z"
    text = f"""{{with: {{
      mandates: [{mandate}, approvals: {{t: {{id: x, approvers: [], approved_until: +1h}}}}}}],
      elevations: [{elevation}, approval: {{approved_at: -2h}}}}]}}}}"""
    rows = Overlay.of(given(text).overlay).rows
    assert rows["mandates"]["m"]["approvals"]["t"]["approved_until"] == "2026-11-23T13:00:00Z"
    assert rows["elevations"]["e"]["approval"]["approved_at"] == "2026-11-23T10:00:00Z"
    assert rows["elevations"]["e"]["expires_at"] == "2026-11-23T13:00:00.5Z"


def test_freezes_may_be_written_as_times() -> None:
    text = "{documents: {catalog: {freezes: {f: {title: x, from: +10m, to: 2026-11-24T00:00:00Z}, g: null}}}}"
    (patch,) = Overlay.of(given(text).overlay).patches
    assert patch["catalog"]["freezes"] == {
        "f": {"title": "x", "from": 1795435200000000000 + 600_000_000_000, "to": 1795435200000000000 + 43200 * 10**9},
        "g": None,
    }


def test_the_order_of_keys_makes_no_difference_nor_does_the_place() -> None:
    one = given("{without: {grants: [a, b]}, with: {grants: [{id: g, subject: s, entitlement: e, scope: '*'}]}}")
    two = given("{with:    {grants: [{scope: '*', subject: s, id: g, entitlement: e}]}, without: {grants: [b, a]}}")
    assert (one, hash(one)) == (two, hash(two))
    assert str(one.places["without.grants", "a"]) != str(two.places["without.grants", "a"])


NO_WORD = "{with: {elevations: [{id: e, subject: a, not_before: -9s, expires_at: +9s, approval: {}, recording: no}]}}"
GRANT = "{id: g, subject: a, entitlement: e, scope: '*'}"


@pytest.mark.parametrize(
    ("text", "stands", "message"),
    [
        (
            f"{{with: {{grants: [{GRANT}, {GRANT.replace(': g', ':  g')}]}}}}",
            "g, subject",
            "given.with.grants[1]: the id 'g' is there twice",
        ),
        (
            f"{{with: {{grants: [{GRANT}]}}, without: {{grants: [g]}}}}",
            "g]",
            "given.without.grants[0]: 'g' is put in and taken out",
        ),
        ("{with: {grant: []}}", "grant: []", "given.with: unknown key 'grant'\n  → did you mean 'grants'?"),
        (
            "{with: {grants: [{id: g, subject: a, entitlment: e, scope: '*'}]}}",
            "entitlment",
            "given.with.grants[0]: unknown key 'entitlment'\n  → did you mean 'entitlement'?",
        ),
        (
            "{with: {grants: [{id: g, subject: a, entitlement: e}]}}",
            "{id: g",
            "given.with.grants[0]: 'scope' is a required",
        ),
        (
            "{with: {grants: [{id: g, subject: a, entitlement: e, scope: '*', expires_at: never}]}}",
            "never",
            "given.with.grants[0].expires_at: is not of the form",
        ),
        (
            "{with: {grants: [{id: g, subject: a, entitlement: e, scope: '*', expires_at: +900000d}]}}",
            "+900000d",
            "given.with.grants[0].expires_at: +900000d leads out",
        ),
        (
            "{with: {identities: [{id: g, type: humen, status: active}]}}",
            "humen",
            "given.with.identities[0].type: 'humen' is not known\n  → did you mean 'human'?",
        ),
        (
            NO_WORD,
            "no}",
            "given.with.elevations[0].recording: 'False' is not known: YAML reads a bare",
        ),
        ("{documents: {iga: {}}}", "iga", "given.documents: unknown key 'iga'"),
        ("{documents: {config: []}}", "[]", "given.documents.config: [] is not of type 'object'"),
        ("{without: {grants: []}}", "[]", "given.without.grants: "),
    ],
    ids=range(12),
)
def test_what_is_wrong_is_told_by_place(text: str, stands: str, message: str) -> None:
    found = refused(text)
    assert found.startswith(stands)
    assert f"| {message}" in found


def test_the_records_of_what_was_synced_are_not_edited() -> None:
    message = refused("{without: {grants: [g]}}", population="synced")
    assert message.startswith("without: {grants")
    assert "| given.without: the records of a synced population are in its documents" in message
    assert given("{revocations: [{kind: subject, target: a, from: +0s}]}", population="synced").revocations
