package authz.gates.mandate_test

import data.testing.fixtures
import future.keywords.not

test_principal[note] if {
	ahead := fixtures.seconds.ahead
	some note, case in {
		"has left": {
			"to": [_at("/subject", "dora")],
			"reasons": {_none("principal_inactive")},
		},
		"is a service": {"to": [_at("/subject", "bot")], "reasons": {_none("principal_inactive")}},
		"is the agent": {"to": [_at("/subject", "scout")], "reasons": {_none("principal_inactive")}},
		"is nobody": {"to": [_at("/subject", "zed")], "reasons": {_none("principal_inactive")}},
		"is not named": {"to": [_gone("/subject")], "reasons": {_none("principal_inactive")}},
		"may not himself": {"to": [_at("/subject", "carol")], "reasons": {_none("principal_not_entitled")}},
		"is at home elsewhere": {
			"to": [fixtures.put("/iga/identities/alice", "active|human|staging|hr|")],
			"reasons": {_none("principal_not_entitled")},
		},
		"is at home here": {"to": [fixtures.put("/iga/identities/alice", "active|human|prod|hr|")], "reasons": set()},
		"is denied": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:reader@account:prod": sprintf("hr|d|%s|||", [ahead])})],
			"reasons": {_none("principal_not_entitled")},
		},
		"is denied something else": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:reader@account:dev": sprintf("hr|d|%s|||", [ahead])})],
			"reasons": set(),
		},
		"was denied": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:reader@*": sprintf("hr|d|%s|||", [fixtures.seconds.past])})],
			"reasons": {_none("principal_not_entitled")},
		},
		"may on the parent": {
			"to": [fixtures.put("/iga/grants/alice", {"orders:dba@account:prod": sprintf("hr|g|%s|||", [ahead])})],
			"reasons": set(),
		},
		"may no longer": {
			"to": [_grant(sprintf("hr|g|%s|||", [fixtures.seconds.now]))],
			"reasons": {_none("principal_not_entitled")},
		},
		"may for a second": {"to": [_grant(sprintf("hr|g|%s|||", [fixtures.seconds.next]))], "reasons": set()},
		"may not yet": {
			"to": [_grant(sprintf("hr|g|%s|%s||", [ahead, fixtures.seconds.next]))],
			"reasons": {_none("principal_not_entitled")},
		},
		"may from this second": {"to": [_grant(sprintf("hr|g|%s|%s||", [ahead, fixtures.seconds.now]))], "reasons": set()},
		"may when elevated": {
			"to": [_grant(sprintf("hr|g|%s||eligible|", [ahead]))],
			"reasons": {_none("principal_not_entitled")},
		},
		"an unreadable grant": {"to": [_grant("hr|g|soon|||")], "reasons": {_none("principal_not_entitled")}},
		"a grant that is no text": {"to": [_grant(7)], "reasons": {_none("principal_not_entitled")}},
		"a grant of a system too old": {
			"to": [
				fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("erp|g|%s|||", [ahead])}),
				fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": fixtures.now})),
			],
			"reasons": {_retry("stale")},
		},
		"a grant of a system still fresh": {
			"to": [
				fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("erp|g|%s|||", [ahead])}),
				fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": fixtures.now + 1})),
			],
			"reasons": set(),
		},
		"two grants, one of a system too old": {
			"to": [
				fixtures.put("/iga/grants/alice/orders:reader@*", sprintf("erp|g|%s|||", [ahead])),
				fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": fixtures.now})),
			],
			"reasons": set(),
		},
		"listed by a system too old": {
			"to": [
				fixtures.put("/iga/identities/alice", "active|human||erp|"),
				fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": fixtures.now})),
			],
			"reasons": {_retry("stale")},
		},
	}
	_holds(case)
}

_grant(leaf) := fixtures.put("/iga/grants/alice", {"orders:dba@*": leaf})

_snapshot := fixtures.documents.iga.snapshots.hr

# The proof names whom the token was issued for. Asked of the gate itself, as the fixtures show no token.
test_principal_of_the_proof[note] if {
	some note, case in {
		"him": {"proof": {"principal": "alice"}, "pass": true, "reasons": set()},
		"another": {"proof": {"principal": "carol"}, "pass": false, "reasons": {_none("principal_mismatch")}},
		"nobody": {"proof": {}, "pass": true, "reasons": set()},
	}
	documents := json.patch(fixtures.documents, _world)
	proof := case.proof
	gate := data.authz.gates.mandate with input as _ask
		with data.authz.facts.proof as proof
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as fixtures.now
	gate.verdict.pass == case.pass
	gate.reasons == case.reasons
}

test_approval[note] if {
	missing := {_request("approval_missing")}
	some note, case in {
		"by another": {"to": _approving({}), "reasons": set()},
		"by the person it is for": {"to": _approving({"approvers": ["alice"]}), "reasons": set()},
		"by the agent": {"to": _approving({"approvers": ["scout"]}), "reasons": missing},
		"by the agent that calls itself a person": {
			"to": array.concat(_approving({"approvers": ["scout"]}), [
				fixtures.put("/iga/identities/scout", "active|human|prod|cmdb|"),
			]),
			"reasons": (missing | {{"id": "identity.type_mismatch", "next_action": "none"}}),
		},
		"by another agent": {"to": _approving({"approvers": ["chief"]}), "reasons": missing},
		"by who has left": {"to": _approving({"approvers": ["dora"]}), "reasons": missing},
		"by nobody": {"to": _approving({"approvers": []}), "reasons": missing},
		"by no list": {"to": _approving({"approvers": {"a": "carol"}}), "reasons": missing},
		"by two": {"to": _approving({"approvers": ["alice", "carol"], "required": 2}), "reasons": set()},
		"by one twice": {"to": _approving({"approvers": ["carol", "carol"], "required": 2}), "reasons": missing},
		"by as many as nobody says": {"to": _approving({"required": "0"}), "reasons": missing},
		"by none, as asked": {"to": _approving({"approvers": [], "required": 0}), "reasons": missing},
		"of another task": {
			"to": array.concat(_approving({}), [_at("/approvals", {"t-2": _approval})]),
			"reasons": missing,
		},
		"of no task": {"to": array.concat(_approving({}), [_gone("/approvals")]), "reasons": missing},
		"asked in a way that nobody knows": {
			"to": [fixtures.put("/catalog/actions/database/query/mandate", {})],
			"reasons": missing,
		},
		"ends later": {"to": _approving({"approved_until": fixtures.now + 1}), "reasons": set()},
		"ends at this instant": {
			"to": _approving({"approved_until": fixtures.now}),
			"reasons": {_request("approval_expired")},
		},
		"ends at a text": {"to": _approving({"approved_until": "z"}), "reasons": {_request("approval_expired")}},
		"with these parameters": {"to": _approving({"parameters": _digest}), "reasons": set()},
		"with other parameters": {
			"to": _approving({"parameters": _other_digest}),
			"reasons": {_request("parameters_changed")},
		},
		"these parameters were changed since": {
			"with": [_say("/action/properties/rows", 11)],
			"to": _approving({"parameters": _digest}),
			"reasons": {_request("parameters_changed")},
		},
		"to be used once": {"to": _approving({"max_uses": 1}), "reasons": set()},
		"used once": {
			"with": [_say("/context/uses/a-1", 1)],
			"to": _approving({"max_uses": 1}),
			"reasons": {_request("approval_used_up")},
		},
		"used once of twice": {"with": [_say("/context/uses/a-1", 1)], "to": _approving({"max_uses": 2}), "reasons": set()},
		"used a part of once": {
			"with": [_say("/context/uses/a-1", 0.999999)],
			"to": _approving({"max_uses": 1}),
			"reasons": set(),
		},
		"used as often as is not counted": {
			"with": [_say("/context/uses/a-1", json.unmarshal("1e-1"))],
			"to": _approving({"max_uses": 1}),
			"reasons": {_uncounted("a-1")},
		},
		"used less than never": {
			"with": [_say("/context/uses/a-1", -1)],
			"to": _approving({"max_uses": 1}),
			"reasons": {_uncounted("a-1")},
		},
		"nobody says how often it was used": {
			"with": [_unsay("/context/uses")],
			"to": _approving({"max_uses": 1}),
			"reasons": {_uncounted("a-1")},
		},
		"another was used": {
			"with": [_say("/context/uses", {"a-2": 0})],
			"to": _approving({"max_uses": 1}),
			"reasons": {_uncounted("a-1")},
		},
		"as often as nobody says": {"to": _approving({"max_uses": "9"}), "reasons": {_uncounted("a-1")}},
	}
	_holds(case)
}
