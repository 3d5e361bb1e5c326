package authz.gates.entitlement_test

import data.testing.fixtures
import future.keywords.not

_needs := {"entitlements": ["orders:reader", "orders:dba"]}

_missing := {"id": "entitlement.missing", "next_action": "request", "needs": _needs}

_not_live := {"id": "entitlement.not_live", "next_action": "request", "needs": _needs}

_not_activated := {"id": "entitlement.not_activated", "next_action": "request", "needs": _needs}

_denied := {"id": "entitlement.denied", "next_action": "none"}

_iga_stale := {"id": "freshness.iga_stale", "next_action": "retry"}

_pam_stale := {"id": "freshness.pam_stale", "next_action": "retry"}

_grant(key, start, end, hold) := fixtures.put("/iga/grants/alice", {key: sprintf("hr|g|%s|%s|%s|", [end, start, hold])})

_standing(key) := _grant(key, "", fixtures.seconds.ahead, "")

_eligible := _grant("orders:dba@*", "", fixtures.seconds.ahead, "eligible")

_elevation(changes) := fixtures.put("/pam/elevations/alice", {"e-1": object.union(fixtures.elevation, changes)})

_stale_system := fixtures.put("/iga/snapshots/old", {"id": "old-1", "observed_at": fixtures.now, "expires_at": fixtures.now})

test_entitlement[note] if {
	some note, case in {
		"for all": {"to": [_standing("orders:dba@*")], "reasons": set()},
		"on the resource": {"to": [_standing("orders:reader@database:orders-prod")], "reasons": set()},
		"on its parent": {"to": [_standing("orders:dba@account:prod")], "reasons": set()},
		"on another resource": {"to": [_standing("orders:dba@database:orders-staging")], "reasons": {_missing}},
		"on another parent": {"to": [_standing("orders:dba@account:staging")], "reasons": {_missing}},
		"of another entitlement": {"to": [_standing("orders:auditor@*")], "reasons": {_missing}},
		"none": {"to": [fixtures.drop("/iga/grants/alice")], "reasons": {_missing}},
		"another's": {"ask": fixtures.ask_as("human", "carol", "query"), "to": [], "reasons": {_missing}},
		"ended": {"to": [_grant("orders:dba@*", "", fixtures.seconds.past, "")], "reasons": {_not_live}},
		"ends at this instant": {"to": [_grant("orders:dba@*", "", fixtures.seconds.now, "")], "reasons": {_not_live}},
		"ends a second later": {"to": [_grant("orders:dba@*", "", fixtures.seconds.next, "")], "reasons": set()},
		"without end": {"to": [_grant("orders:dba@*", "", fixtures.seconds.never, "")], "reasons": set()},
		"begins at this instant": {
			"to": [_grant("orders:dba@*", fixtures.seconds.now, fixtures.seconds.ahead, "")],
			"reasons": set(),
		},
		"begins a second later": {
			"to": [_grant("orders:dba@*", fixtures.seconds.next, fixtures.seconds.ahead, "")],
			"reasons": {_not_live},
		},
		"one nanosecond before the end": {
			"to": [_grant("orders:dba@*", "", fixtures.seconds.next, "")],
			"at": (fixtures.now + fixtures.second) - 1,
			"reasons": set(),
		},
		"one nanosecond before the start": {
			"to": [_grant("orders:dba@*", fixtures.seconds.now, fixtures.seconds.ahead, "")],
			"at": fixtures.now - 1,
			"reasons": {_not_live},
		},
		"of an unknown hold": {"to": [_grant("orders:dba@*", "", fixtures.seconds.ahead, "maybe")], "reasons": {_not_activated}},
		"one of two on a stale system": {
			"to": [
				fixtures.put("/iga/grants/alice", {
					"orders:dba@*": sprintf("old|g-1|%s|||", [fixtures.seconds.never]),
					"orders:reader@*": sprintf("hr|g-2|%s|||", [fixtures.seconds.ahead]),
				}),
				_stale_system,
			],
			"reasons": set(),
		},
		"all on a stale system": {
			"to": [
				fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("old|g-1|%s|||", [fixtures.seconds.never])}),
				_stale_system,
			],
			"reasons": {_iga_stale},
		},
		"on a system that nobody lists": {
			"to": [fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("gone|g-1|%s|||", [fixtures.seconds.never])})],
			"reasons": {_iga_stale},
		},
		"eligible and activated": {"to": [_eligible], "reasons": set()},
		"eligible and not activated": {"to": [_eligible, fixtures.drop("/pam/elevations/alice")], "reasons": {_not_activated}},
		"eligible and ended": {
			"to": [_grant("orders:dba@*", "", fixtures.seconds.past, "eligible")],
			"reasons": {_not_live},
		},
		"activated on another scope": {
			"to": [_eligible, _elevation({"keys": ["orders:dba@account:prod"]})],
			"reasons": {_not_activated},
		},
		"activated for the action only": {
			"to": [_eligible, _elevation({"keys": ["#query@database:orders-prod"]})],
			"reasons": {_not_activated},
		},
		"activated by what nobody approved": {"to": [_eligible, _elevation({"approvers": []})], "reasons": {_not_activated}},
		"activated by what its subject approved": {
			"to": [_eligible, _elevation({"approvers": ["alice"]})],
			"reasons": {_not_activated},
		},
		"activated by what needs no approval": {
			"to": [_eligible, _elevation({"approvers": [], "required": 0})],
			"reasons": set(),
		},
		"activated by what its requester's owner approved": {
			"to": [_eligible, _elevation({"requester": "bot"})],
			"reasons": {_not_activated},
		},
		"activated by what a subordinate approved": {
			"to": [_eligible, fixtures.put("/iga/identities/carol", "active|human||hr|alice")],
			"reasons": {_not_activated},
		},
		"activated by an approval for another": {
			"to": [_eligible, _elevation({"approved": {"subject": "bot"}})],
			"reasons": {_not_activated},
		},
		"activated by an approval of this": {
			"to": [_eligible, _elevation({"approved": {"subject": "alice", "keys": ["orders:dba@*"]}})],
			"reasons": set(),
		},
		"activated by an approval of another of its keys": {
			"to": [_eligible, _elevation({
				"keys": ["orders:dba@*", "orders:reader@*"],
				"approved": {"keys": ["orders:reader@*"]},
			})],
			"reasons": {_not_activated},
		},
		"activated for other parameters": {
			"to": [_eligible, _elevation({"parameters": "sha-256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})],
			"reasons": {_not_activated},
		},
		"activated by what may be used once, and nobody counts": {
			"to": [_eligible, _elevation({"max_uses": 1})],
			"reasons": {_not_activated},
		},
		"activated by what is revoked": {
			"to": [_eligible, fixtures.put("/revocations/elevations/e-1", {"id": "e-1", "from": fixtures.now})],
			"reasons": {_not_activated},
		},
		"activated by what a stale PAM lists": {
			"to": [_eligible, fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now)],
			"reasons": {_pam_stale},
		},
		"activated by what is unapproved, and approved": {
			"to": [_eligible, fixtures.put("/pam/elevations/alice", {
				"e-1": object.union(fixtures.elevation, {"approvers": []}),
				"e-2": fixtures.elevation,
			})],
			"reasons": set(),
		},
		"denied": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d-1|9223372036|||"})],
			"reasons": {_denied},
		},
		"denied on the parent": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:reader@account:prod": "hr|d-1|9223372036|||"})],
			"reasons": {_denied},
		},
		"denied by what a stale system lists": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:dba@*": "old|d-1|9223372036|||"}), _stale_system],
			"reasons": {_denied},
		},
		"denied by what says nothing": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:dba@*": false})],
			"reasons": {_denied},
		},
		"denied without a grant": {
			"to": [
				fixtures.drop("/iga/grants/alice"),
				fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d-1|9223372036|||"}),
			],
			"reasons": {_denied, _missing},
		},
		"another denied": {
			"to": [fixtures.put("/iga/denies/bot", {"orders:dba@*": "hr|d-1|9223372036|||"})],
			"reasons": set(),
		},
		"nothing permits it": {
			"to": [fixtures.drop("/catalog/permits/database/query")],
			"reasons": {{"id": "entitlement.not_decidable", "next_action": "none"}},
		},
		"of too few parts": {
			"to": [fixtures.put("/iga/grants/alice", {"orders:dba@*": "hr|g|9223372036"})],
			"reasons": {_missing},
		},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("query")}, case))
}

test_evidence if {
	fixtures.answer({"ask": fixtures.ask("query")}).context.evidence.entitlement == {
		"grant": "g-alice",
		"entitlement": "orders:dba@*",
		"expires_at": "1800086400",
		"via": "role:dba",
		"elevation": "",
		"source": "hr",
		"snapshot": "hr-12",
	}
}

test_evidence_of_what_activated if {
	answer := fixtures.answer({"ask": fixtures.ask("query"), "to": [_eligible, _elevation({"expires_at": fixtures.now + 1})]})
	answer.context.evidence.entitlement.elevation == "e-1"
	answer.context.valid_until == "2027-01-15T08:00:00.000000001Z"
}

test_until_the_end_of_the_grant if {
	case := {"ask": fixtures.ask("query"), "to": [_grant("orders:dba@*", "", fixtures.seconds.next, "")]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:01Z"
}

_counted(action, uses) := {
	"ask": fixtures.ask(action),
	"with": [fixtures.put("/context/uses", {"e-1": uses})],
	"to": [_eligible, _elevation({"max_uses": 1})],
}

test_activated_by_what_may_be_used_once if {
	fixtures.holds(object.union(_counted("query", 0), {"reasons": set()}))
	fixtures.holds(object.union(_counted("query", 1), {"reasons": {_not_activated}}))
}

_use := {"id": "notify:use", "type": "notify", "properties": {"event": "use", "elevation": "e-1"}}

# One use is told of once, though both gates rely on the one elevation.
test_notice_of_a_use[action] if {
	some action in ["query", "administer", "rotate"]
	answer := fixtures.answer(_counted(action, 0))
	[obligation | some obligation in answer.context.obligations; obligation.type == "notify"] == [_use]
}

_verdict(case) := verdict if {
	request := json.patch(case.ask, object.get(case, "with", []))
	docs := json.patch(fixtures.documents, object.get(case, "to", []))
	verdict := data.authz.gates.entitlement.verdict with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
}

test_what_it_depends_on[note] if {
	some note, case in {
		"a standing grant": {"case": {"ask": fixtures.ask("query")}, "has": {}},
		"an activated grant": {
			"case": {"ask": fixtures.ask("query"), "to": [_eligible]},
			"has": {"store": true, "depends_on": []},
		},
		"an activation that is counted": {
			"case": _counted("query", 0),
			"has": {"store": false, "depends_on": ["context.uses"]},
		},
	}
	verdict := _verdict(case.case)
	verdict.pass == true
	object.filter(verdict, ["store", "depends_on"]) == case.has
}

# What activates a grant ends with the approval that it rests on.
test_until_the_approver_of_what_activates_is_revoked if {
	answer := fixtures.answer({"ask": fixtures.ask("query"), "to": [
		_eligible,
		fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": fixtures.now + fixtures.second}),
	]})
	answer.context.valid_until == "2027-01-15T08:00:01Z"
}
