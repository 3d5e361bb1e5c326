"""Changes of documents: each is one change, said in words, and its patch makes the same document of the one before."""

from __future__ import annotations

from typing import Any

from livegate.regression.mutation import data

_SECOND = 1_000_000_000
DOCUMENTS: dict[str, Any] = {
    "iga": {
        "bundle": {"sequence": 4, "revision": "r"},
        "grants": {"a": {"e@*": "sys|g1|1800000000|1700000000||path"}},
        "identities": {"a": "active|human|prod|sys|b,c"},
    },
    "pam": {
        "elevations": {"a": {"e1": {"approvers": ["b", "c"], "expires_at": 1_800_000_000 * _SECOND, "recording": "on"}}}
    },
}


def _named() -> dict[str, Any]:
    return {f"{one.where}: {one.name}": one.document for one in data.mutants(DOCUMENTS)}


def test_what_is_changed() -> None:
    named = _named()
    assert named["iga/grants/a/e@*: removed"]["grants"] == {"a": {}}
    ends = named["iga/grants/a/e@*: end 1 s earlier"]["grants"]["a"]
    assert ends == {"e@*": "sys|g1|1799999999|1700000000||path"}
    assert named["iga/grants/a/e@*: start 1 s later"]["grants"]["a"] == {"e@*": "sys|g1|1800000000|1700000001||path"}
    assert named["iga/grants/a/e@*: turned to eligible"]["grants"]["a"] == {
        "e@*": "sys|g1|1800000000|1700000000|eligible|path"
    }
    assert named["iga/identities/a: status disabled"]["identities"] == {"a": "disabled|human|prod|sys|b,c"}
    assert named["iga/identities/a: b removed from its people"]["identities"] == {"a": "active|human|prod|sys|c"}
    elevation = "pam/elevations/a/e1"
    assert named[f"{elevation}/approvers/0: removed"]["elevations"]["a"]["e1"]["approvers"] == ["c"]
    until = named[f"{elevation}/expires_at: 1 ns less"]["elevations"]["a"]["e1"]["expires_at"]
    assert until == 1_800_000_000 * _SECOND - 1
    assert named[f"{elevation}/recording: turned to off"]["elevations"]["a"]["e1"]["recording"] == "off"
    assert named["iga/bundle/sequence: 1 more"]["bundle"]["sequence"] == 5


def test_what_an_answer_only_repeats_is_left() -> None:
    assert not [name for name in _named() if "revision" in name]


def test_the_document_before_stays_and_no_mutant_is_like_it_or_another() -> None:
    before = repr(DOCUMENTS)
    made = [(one.root, repr(one.document)) for one in data.mutants(DOCUMENTS)]
    assert repr(DOCUMENTS) == before
    assert len(made) == len(set(made))
    assert not [one for one in made if one[1] == repr(DOCUMENTS[one[0]])]


def test_a_patch_makes_the_same_document() -> None:
    for one in data.mutants(DOCUMENTS):
        assert _merged(DOCUMENTS[one.root], one.patch()) == one.document, one.where


def _merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = _merged(made.get(name), value)
    return made
