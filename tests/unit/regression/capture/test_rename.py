"""Under other names nothing of the old ones is left, and the same thing has the same name everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from livegate.documents.digest import parameter_digest
from livegate.errors import LivegateError
from livegate.regression.capture import write
from livegate.regression.capture.pseudonyms import Pseudonyms
from livegate.regression.capture.rename import Renaming
from livegate.regression.capture.words import words

REQUEST: dict[str, Any] = {
    "subject": {"type": "human", "id": "zelda", "properties": {"mail": "zelda@corp"}},
    "action": {"name": "pay", "properties": {"amount": 7, "currency": "EUR", "iban": "DE-secret"}},
    "resource": {"type": "account", "id": "acc-zelda", "properties": {"parents": ["vault:north-tower"]}},
    "context": {
        "pep": "gate-frontend",
        "session": "sess-99",
        "ticket": "FIN-4711",
        "task": "task-zelda",
        "tool": "hammer",
        "mandate": "m-zelda",
        "environment": "prod",
        "credential": {"kind": "pep"},
        "chain": {"id": "chain-9", "history": [{"action": "pay", "type": "account", "id": "acc-zelda"}]},
        "history": [{"action": "pay", "subject": "ygor"}],
        "uses": {"elev-1": 2},
        "counters": {"calls": 3},
        "confirmations": ["ygor"],
        "conditions": {"device": "laptop-zelda"},
        "whatever": {"else": ["wanda"]},
    },
    "legacy": "zoe",
}
DIGEST = parameter_digest(REQUEST["action"]["properties"])
DOCUMENTS: dict[str, Any] = {
    "catalog": {
        "applications": {"bank": {"title": "Zelda's bank", "owner": "ygor", "environment": "prod", "profile": "front"}},
        "actions": {
            "account": {
                "pay": {
                    "application": "bank",
                    "tier": "high",
                    "privileged": True,
                    "context": ["session"],
                    "title": "Pay out",
                    "limits": {
                        "parameters": {"currency": {"one_of": ["EUR"]}, "amount": {}},
                        "ticket": "FIN-[0-9]{4}",
                        "conditions": {"device": {}},
                        "counters": {"calls": 5},
                    },
                }
            }
        },
        "permits": {"account": {"pay": ["bank:clerk"]}},
        "entitlements": {"bank:clerk": {"application": "bank", "title": "Clerks of Zelda"}},
        "resources": {"account:acc-zelda": {"parents": ["vault:north-tower"], "environment": "prod"}},
        "profiles": {"front": {"pep": "gate-frontend", "actions": {"account": {"pay": True}}, "valid_for": 1}},
        "freezes": {"xmas": {"title": "Xmas at Zelda's", "from": 1, "to": 2}},
    },
    "config": {"tiers": {"high": {}}, "gates": {}},
    "iga": {
        "snapshots": {
            "sap-hr": {
                "id": "sap-hr-77",
                "sequence": 1,
                "observed_at": 1,
                "expires_at": 2,
                "count": 12345,
                "sha256": "ab" * 32,
            }
        },
        "listed": {"sap-hr": "sap-hr-77"},
        "guards": ["sap-hr"],
        "identities": {"zelda": "active|human|prod|sap-hr|ygor", "ygor": "active|human||sap-hr|"},
        "proofs": {"https://idp.corp#zelda": "zelda"},
        "grants": {"zelda": {"bank:clerk@account:acc-zelda": "sap-hr|grant-zelda|9223372036|||role%2Czelda"}},
        "denies": {"ygor": {"bank:clerk@*": "sap-hr|deny-ygor|9223372036|||"}},
    },
    "pam": {
        "snapshots": {},
        "listed": {},
        "elevations": {
            "zelda": {
                "elev-1": {
                    "system": "cyberark",
                    "keys": ["#pay@account:acc-zelda"],
                    "not_before": 1,
                    "expires_at": 2,
                    "requester": "zelda",
                    "approvers": ["ygor"],
                    "required": 1,
                    "approved_until": 2,
                    "recording": "on",
                    "recording_ref": "rec-zelda",
                    "session": "rec-zelda",
                    "ticket": "FIN-4711",
                    "justification": "Zelda asked",
                    "parameters": DIGEST,
                    "approved": {"subject": "zelda", "parameters": DIGEST},
                }
            }
        },
        "break_glass": {
            "ygor": {
                "bg-1": {
                    "system": "cyberark",
                    "keys": ["#pay@*"],
                    "not_before": 1,
                    "expires_at": 2,
                    "justification": "Fire",
                    "incident": "INC-zelda",
                    "activated_by": "zelda",
                    "review_due_at": 3,
                }
            }
        },
        "mandates": {
            "robo-zelda": {
                "m-zelda": {
                    "system": "cyberark",
                    "subject": "zelda",
                    "state": "active",
                    "not_before": 1,
                    "expires_at": 2,
                    "tasks": {"task-zelda": True},
                    "issuer": "ygor@corp",
                    "goal": "Pay Zelda",
                    "authority": {
                        "#pay@account:acc-zelda": {"tools": {"hammer": True}, "constraints": {"amount": {"max": 5}}}
                    },
                    "limits": {"calls": 4},
                    "delegation": {"max_depth": 1, "delegates": {"robo-2-zelda": True}},
                    "ancestors": [{"agent": "robo-2-zelda", "id": "m-parent"}],
                    "approvals": {
                        "task-zelda": {"id": "appr-1", "approvers": ["ygor"], "required": 1, "approved_until": 2}
                    },
                }
            }
        },
    },
    "trust": {
        "callers": {"ab" * 32: {"pep": "gate-frontend"}},
        "peps": {
            "gate-frontend": {
                "title": "Zelda's gate",
                "resource_types": {"account": True},
                "asserts": {"subject": True},
            }
        },
    },
    "revocations": {
        "subjects": {"ygor": {"id": "rev-zelda", "from": 1, "reason": "Left Zelda"}},
        "sessions": {"sess-99": {"id": "r2", "from": 1}},
        "elevations": {"elev-1": {"id": "r3", "from": 1}},
        "tokens": {"jti-z": {"id": "r4", "from": 1}},
        "credentials": {"thumb-z": {"id": "r5", "from": 1}},
        "mandates": {"m-zelda": {"id": "r6", "from": 1}},
        "keys": {"iss#kid": {"id": "r7", "from": 1}},
    },
}
SECRET = (
    "zelda",
    "ygor",
    "corp",
    "frontend",
    "sess-99",
    "4711",
    "hammer",
    "north-tower",
    "chain-9",
    "elev-1",
    "bg-1",
    "laptop",
    "wanda",
    "zoe",
    "sap-hr",
    "cyberark",
    "grant-z",
    "deny-y",
    "role%2C",
    "rec-z",
    "Fire",
    "idp",
    "robo",
    "m-parent",
    "appr-1",
    "DE-secret",
    "xmas",
    "Xmas",
    "Left",
    "jti-z",
    "thumb-z",
    "iss#kid",
    "12345",
    "acc-",
    "abab",
    "Pay out",
    "front",
    "whatever",
)


def _renamed() -> tuple[Any, dict[str, Any], Pseudonyms]:
    names = Pseudonyms()
    names.know(words(DOCUMENTS), set().union(*write.atoms([REQUEST, DOCUMENTS])))
    renaming = Renaming(names, {"zelda": "human", "ygor": "human", "robo-zelda": "agent"}, tickets=True)
    renaming.learn(REQUEST)
    documents = renaming.documents(DOCUMENTS)
    return renaming.request(REQUEST), documents, names


def test_nothing_of_the_log_is_left_and_words_of_the_catalogue_are() -> None:
    request, documents, names = _renamed()
    text = json.dumps([request, documents])
    assert [one for one in SECRET if one.lower() in text.lower()] == []
    for word in ("human", "pay", "account", "bank:clerk", "prod", "EUR", "high", "calls", "device", "vault", "session"):
        assert f'"{word}"' in text or f"{word}:" in text or f'"{word}@' in text, word
    write.refuse_names({"a.json": text.encode()}, names.hidden(), names.given() | {"human"})
    with pytest.raises(LivegateError, match="name of the log") as caught:
        write.refuse_names({"a.json": json.dumps({"x": ["a|zelda,b"]}).encode()}, names.hidden(), names.given())
    assert "zelda" not in str(caught.value)


def test_the_same_thing_has_the_same_name_everywhere() -> None:
    request, documents, _ = _renamed()
    zelda, ygor = request["subject"]["id"], request["context"]["confirmations"][0]
    assert (zelda, ygor) != (ygor, zelda)
    assert zelda.startswith("human-")
    assert documents["iga"]["identities"][zelda].endswith(f"|{ygor}")
    assert documents["catalog"]["applications"]["bank"]["owner"] == ygor
    (elevation,) = documents["pam"]["elevations"][zelda]
    held = documents["pam"]["elevations"][zelda][elevation]
    assert (held["requester"], held["approvers"], held["approved"]["subject"]) == (zelda, [ygor], zelda)
    assert request["context"]["uses"] == {elevation: 2}
    assert list(documents["revocations"]["elevations"]) == [elevation]
    scope = f"account:{request['resource']['id']}"
    assert list(documents["catalog"]["resources"]) == [scope]
    assert documents["catalog"]["resources"][scope]["parents"] == request["resource"]["properties"]["parents"]
    assert list(documents["iga"]["grants"][zelda]) == [f"bank:clerk@{scope}"]
    assert held["keys"] == [f"#pay@{scope}"]
    assert list(documents["trust"]["peps"]) == [request["context"]["pep"]]
    assert list(documents["revocations"]["sessions"]) == [request["context"]["session"]]
    (mandates,) = documents["pam"]["mandates"].values()
    assert list(mandates) == [request["context"]["mandate"]] == list(documents["revocations"]["mandates"])
    (mandate,) = mandates.values()
    assert list(mandate["tasks"]) == [request["context"]["task"]] == list(mandate["approvals"])
    assert list(mandate["authority"][f"#pay@{scope}"]["tools"]) == [request["context"]["tool"]]


def test_digests_are_those_of_the_renamed_parameters_and_tickets_keep_their_form() -> None:
    request, documents, _ = _renamed()
    (held,) = next(iter(documents["pam"]["elevations"].values())).values()
    digest = parameter_digest(request["action"]["properties"])
    assert digest != DIGEST
    assert (held["parameters"], held["approved"]["parameters"]) == (digest, digest)
    assert held["ticket"] == request["context"]["ticket"] == "FIN-0001"


def test_a_member_that_nobody_knows_is_no_way_through() -> None:
    names = Pseudonyms()
    renaming = Renaming(names, {}, tickets=False)
    for root, document in (("pam", {**DOCUMENTS["pam"]}), ("news", {})):
        changed = json.loads(json.dumps(document))
        if root == "pam":
            changed["elevations"]["zelda"]["elev-1"]["nickname"] = "zelda"
        with pytest.raises(LivegateError, match="not known to the renaming"):
            renaming.documents({root: changed})


@pytest.mark.parametrize(
    "request_",
    [
        None,
        7,
        "zelda",
        ["zelda"],
        {"subject": "zelda"},
        {"subject": {"id": ["zelda"]}},
        {"context": {"chain": "zelda"}},
        {"zelda": 1},
    ],
)
def test_odd_requests_are_renamed_too(request_: Any) -> None:
    names = Pseudonyms()
    assert "zelda" not in json.dumps(Renaming(names, {}, tickets=False).request(request_))


def test_a_name_is_never_one_that_stands_in_the_log() -> None:
    names = Pseudonyms()
    names.know((), {"human-1", "human-3"})
    given = [names.of("identity", one, kind="human") for one in ("human-1", "x", "human-3", "y")]
    assert given == ["human-2", "human-4", "human-5", "human-6"]
    assert [names.of("identity", one) for one in ("human-1", "x")] == ["human-2", "human-4"]
    assert names.like("ticket", "CHG") == "ticket-1"
    assert [names.like("ticket", f"CHG-{number}") for number in (9, 8, 9)] == ["CHG-1", "CHG-2", "CHG-1"]
