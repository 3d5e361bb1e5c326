"""Forms: what a legitimate request would say, and what must not pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livegate.documents.digest import parameter_digest
from livegate.regression.diff.forms import Forms
from livegate.regression.diff.world import Resource, World

if TYPE_CHECKING:
    from livegate.regression.diff.forms import Form

PAY = ("order", "pay")
ONE = Resource("order", "one")


def _by_variant(forms: Forms, subject: str = "ann") -> dict[str, Form]:
    return {form.variant: form for form in forms.every(subject, PAY, ONE)}


def test_the_elevation_gives_the_ticket_and_the_uses(world: World) -> None:
    found = _by_variant(Forms(world))
    assert found["least"].context == {"pep": "till", "ticket": "PAY-007", "uses": {"e-1": 0}, "history": []}
    assert found["least"].action == {"name": "pay", "properties": {"amount": 1}}


def test_at_the_limit_and_beyond_it(world: World) -> None:
    found = _by_variant(Forms(world))
    assert [found[name].action["properties"]["amount"] for name in ("most", "beyond")] == [90, 91]
    assert [(found[name].context or {})["uses"]["e-1"] for name in ("most", "beyond")] == [2, 3]


def test_who_did_the_other_action_is_asked_too(world: World) -> None:
    found = _by_variant(Forms(world))
    assert (found["separation"].context or {})["history"] == [{"action": "enter", "subject": "ann"}]


def test_without_an_elevation_the_ticket_matches_the_limit(documents: dict[str, Any]) -> None:
    documents["pam"]["elevations"] = {}
    assert (_by_variant(Forms(World.of(documents)))["least"].context or {})["ticket"] == "PAY-111"


def test_nothing_is_said_that_the_enforcement_point_may_not_assert(documents: dict[str, Any]) -> None:
    documents["trust"]["peps"]["till"]["asserts"] = {"subject": True}
    found = list(Forms(World.of(documents)).every("ann", PAY, ONE))
    assert all(set(form.context or {}) <= {"pep", "ticket"} for form in found)


def test_parameters_are_those_that_were_approved_where_somebody_knows_them(documents: dict[str, Any]) -> None:
    known = {"amount": 12, "note": "as approved"}
    documents["pam"]["elevations"]["ann"]["e-1"]["parameters"] = parameter_digest(known)
    forms = Forms(World.of(documents), {parameter_digest(known): known})
    assert _by_variant(forms)["least"].action["properties"] == known


def test_where_the_word_of_an_enforcement_point_is_not_enough_a_token_is_minted(documents: dict[str, Any]) -> None:
    documents["config"]["tiers"]["low"] |= {"proofs": {"access-token": True}, "bound": True}
    documents["trust"]["issuers"] = {"access-token": {"https://login.example": {"audiences": {"https://a": True}}}}
    documents["iga"]["proofs"] = {"https://login.example#u-1": "ann"}
    found = _by_variant(Forms(World.of(documents)))
    assert found["least"].credential == {
        "kind": "access-token",
        "issuer": "https://login.example",
        "claims": {"sub": "u-1", "client_id": "u-1"},
        "bound": "dpop",
    }
    assert not found["least"].signed


def test_where_it_must_be_bound_the_enforcement_point_signs(documents: dict[str, Any]) -> None:
    documents["config"]["tiers"]["low"]["bound"] = True
    assert _by_variant(Forms(World.of(documents)))["least"].signed


def test_an_agent_asks_by_each_of_its_mandates(documents: dict[str, Any]) -> None:
    documents["iga"]["identities"]["ann"] = "active|agent|prod|hr|ben"
    documents["pam"]["mandates"] = {
        "ann": {
            "m-1": {
                "subject": "ben",
                "tasks": {"t-1": True},
                "authority": {"#pay@*": {"tools": {"till-tool": True}, "constraints": {"amount": {"max": 7}}}},
                "limits": {"calls": 3, "amount": 50},
            }
        }
    }
    found = _by_variant(Forms(World.of(documents)))
    context = found["most"].context or {}
    assert {name: context[name] for name in ("mandate", "task", "tool")} == {
        "mandate": "m-1",
        "task": "t-1",
        "tool": "till-tool",
    }
    assert found["most"].action["properties"]["amount"] == 7
    assert context["counters"] == {"amount": 43, "calls": 2}
    assert context["chain"] == {"id": "c-1", "history": []}
