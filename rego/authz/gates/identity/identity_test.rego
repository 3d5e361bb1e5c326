package authz.gates.identity_test

import data.testing.fixtures
import future.keywords.not

_reason(id) := {"id": id, "next_action": "none"}

_unowned := _reason("identity.ownerless")

_mismatch := _reason("identity.environment_mismatch")

_iga_stale := {"id": "freshness.iga_stale", "next_action": "retry"}

_bot := fixtures.ask_as("service_account", "bot", "query")

test_identity[note] if {
	some note, case in {
		"a person": {"ask": fixtures.ask("query"), "reasons": set()},
		"a person bound to the resource's environment": {"ask": fixtures.ask_as("human", "bound", "query"), "reasons": set()},
		"an owned service": {"ask": _bot, "reasons": set()},
		"unknown": {
			"ask": fixtures.ask_as("human", "zed", "query"),
			"reasons": {_reason("identity.unknown"), {
				"id": "entitlement.missing",
				"next_action": "request",
				"needs": {"entitlements": ["orders:reader", "orders:dba"]},
			}},
		},
		"disabled": {"ask": fixtures.ask_as("human", "dora", "query"), "reasons": {_reason("identity.inactive")}},
		"of an unknown status": {
			"ask": fixtures.ask("query"),
			"to": [fixtures.put("/iga/identities/alice", "ACTIVE|human||hr|")],
			"reasons": {_reason("identity.inactive")},
		},
		"of no status": {
			"ask": fixtures.ask("query"),
			"to": [fixtures.put("/iga/identities/alice", "|human||hr|")],
			"reasons": {_reason("identity.inactive")},
		},
		"a person who says it is a service": {
			"ask": fixtures.ask_as("service_account", "alice", "query"),
			"reasons": {_reason("identity.type_mismatch")},
		},
		"a service that says it is a person": {
			"ask": fixtures.ask_as("human", "bot", "query"),
			"reasons": {_reason("identity.type_mismatch")},
		},
		"owned by a disabled person, a service and nobody": {
			"ask": fixtures.ask_as("workload", "orphan", "query"),
			"reasons": {_unowned},
		},
		"owned by itself": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|bot")],
			"reasons": {_unowned},
		},
		"owned by no one": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|")],
			"reasons": {_unowned},
		},
		"the owner was disabled": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/carol", "disabled|human||hr|")],
			"reasons": {_unowned},
		},
		"the owner was revoked": {
			"ask": _bot,
			"to": [fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": fixtures.now})],
			"reasons": {_unowned},
		},
		"the owner was revoked for what was issued before": {
			"ask": _bot,
			"to": [fixtures.put("/revocations/subjects/carol", {
				"id": "carol",
				"from": fixtures.now,
				"issued_until": fixtures.now - fixtures.hour,
			})],
			"reasons": {_unowned},
		},
		"the owner will be revoked": {
			"ask": _bot,
			"to": [fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": fixtures.now + 1})],
			"reasons": set(),
		},
		"one of two owners was revoked": {
			"ask": _bot,
			"to": [
				fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|carol,alice"),
				fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": fixtures.now}),
			],
			"reasons": set(),
		},
		"a person whose manager has left": {
			"ask": fixtures.ask("query"),
			"to": [fixtures.put("/iga/identities/alice", "active|human||hr|dora")],
			"reasons": set(),
		},
		"an owner who has a manager": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/carol", "active|human||hr|dora")],
			"reasons": set(),
		},
		"the owner's listing is too old": {
			"ask": _bot,
			"to": [
				fixtures.put("/iga/identities/carol", "active|human||old|"),
				fixtures.put("/iga/snapshots/old", {"id": "old-1", "observed_at": fixtures.now, "expires_at": fixtures.now}),
			],
			"reasons": {_iga_stale},
		},
		"one of two owners is enough": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|dora,carol")],
			"reasons": set(),
		},
		"a service of another environment": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/bot", "active|service_account|staging|cmdb|carol")],
			"reasons": {_mismatch},
		},
		"a service of no environment": {
			"ask": _bot,
			"to": [fixtures.put("/iga/identities/bot", "active|service_account||cmdb|carol")],
			"reasons": {_mismatch},
		},
		"a person bound to another environment": {
			"ask": fixtures.ask_as("human", "bound", "query"),
			"to": [fixtures.put("/catalog/resources/database:orders-prod/environment", "staging")],
			"reasons": {_mismatch},
		},
		"an unlisted resource lives where its application does": {
			"ask": _bot,
			"with": [fixtures.put("/resource/id", "new")],
			"reasons": set(),
		},
		"a resource that lives nowhere": {
			"ask": _bot,
			"to": [
				fixtures.drop("/catalog/applications/orders/environment"),
				fixtures.drop("/catalog/resources/database:orders-prod/environment"),
			],
			"reasons": {_reason("identity.environment_unknown")},
		},
		"a person does not mind": {
			"ask": fixtures.ask("query"),
			"to": [
				fixtures.drop("/catalog/applications/orders/environment"),
				fixtures.drop("/catalog/resources/database:orders-prod/environment"),
			],
			"reasons": set(),
		},
		"not loaded": {
			"ask": fixtures.ask("query"),
			"to": [fixtures.put("/iga", {})],
			"reasons": {
				{"id": "identity.unavailable", "next_action": "retry"},
				{"id": "entitlement.unavailable", "next_action": "retry"},
				_iga_stale,
			},
		},
	}
	fixtures.holds(case)
}

test_evidence if {
	fixtures.answer({"ask": _bot}).context.evidence.identity == {
		"id": "bot",
		"type": "service_account",
		"source": "cmdb",
		"snapshot": "cmdb-12",
	}
}

# An answer for a service ends with the person who answers for it; with the last of them, where there are several.
test_until_the_owner_is_revoked[note] if {
	some note, case in {
		"the one owner": {"owners": "carol", "until": "2027-01-15T08:00:01Z"},
		"one of two": {"owners": "carol,alice", "until": "2027-01-15T08:59:59Z"},
	}
	answer := fixtures.answer({"ask": _bot, "to": [
		fixtures.put("/iga/identities/bot", sprintf("active|service_account|prod|cmdb|%s", [case.owners])),
		fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": fixtures.now + fixtures.second}),
	]})
	answer.context.valid_until == case.until
}
