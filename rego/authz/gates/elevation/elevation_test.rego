package authz.gates.elevation_test

import data.testing.fixtures
import future.keywords.not

_missing(action) := {
	"id": "elevation.missing",
	"next_action": "request",
	"needs": {"resource": "database:orders-prod", "action": action},
}

_not_approved(id, approvals) := {
	"id": "elevation.not_approved",
	"next_action": "request",
	"needs": {"elevation": id, "approvals": approvals},
}

_of(reason, id) := {"id": sprintf("elevation.%s", [reason]), "next_action": "request", "needs": {"elevation": id}}

_revoked(id) := {"id": "elevation.revoked", "next_action": "none", "needs": {"elevation": id}}

_not_accepted := {"id": "elevation.break_glass_not_accepted", "next_action": "request"}

_not_decidable := {"id": "elevation.not_decidable", "next_action": "none"}

_pam_stale := {"id": "freshness.pam_stale", "next_action": "retry"}

_changed(changes) := object.union(fixtures.elevation, changes)

_elevations(records) := fixtures.put("/pam/elevations/alice", records)

_elevation(changes) := _elevations({"e-1": _changed(changes)})

_glass(changes) := fixtures.put("/pam/break_glass/alice", {"b-1": object.union(fixtures.activation, changes)})

_none := fixtures.drop("/pam/elevations/alice")

_revoke(id, from) := fixtures.put(sprintf("/revocations/elevations/%s", [id]), {"id": id, "from": from})

_stale := fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now)

test_elevation[note] if {
	some note, case in {
		"by entitlement": {"to": [], "reasons": set()},
		"by action": {"to": [_elevation({"keys": ["#dump@database:orders-prod"]})], "reasons": set()},
		"on the parent": {"to": [_elevation({"keys": ["orders:dba@account:prod"]})], "reasons": set()},
		"by both": {"to": [_elevation({"keys": ["#dump@database:orders-prod", "orders:dba@*"]})], "reasons": set()},
		"none": {"to": [_none], "reasons": {_missing("dump")}},
		"for another action": {
			"to": [_elevation({"keys": ["#administer@database:orders-prod"]})],
			"reasons": {_missing("dump")},
		},
		"for another resource": {
			"to": [_elevation({"keys": ["#dump@database:orders-staging", "orders:dba@database:orders-staging"]})],
			"reasons": {_missing("dump")},
		},
		"for no resource in particular": {"to": [_elevation({"keys": ["#dump@*"]})], "reasons": {_missing("dump")}},
		"another's": {"to": [_none, fixtures.put("/pam/elevations/bot", {"e-1": fixtures.elevation})], "reasons": {_missing("dump")}},
		"begins at this instant": {"to": [_elevation({"not_before": fixtures.now})], "reasons": set()},
		"begins later": {"to": [_elevation({"not_before": fixtures.now + 1})], "reasons": {_missing("dump")}},
		"ends later": {"to": [_elevation({"expires_at": fixtures.now + 1})], "reasons": set()},
		"ends at this instant": {"to": [_elevation({"expires_at": fixtures.now})], "reasons": {_missing("dump")}},
		"approval ends later": {"to": [_elevation({"approved_until": fixtures.now + 1})], "reasons": set()},
		"approval ends at this instant": {
			"to": [_elevation({"approved_until": fixtures.now})],
			"reasons": {_of("approval_expired", "e-1")},
		},
		"approved by nobody": {"to": [_elevation({"approvers": []})], "reasons": {_not_approved("e-1", 1)}},
		"approved by a name that is empty": {"to": [_elevation({"approvers": [""]})], "reasons": {_not_approved("e-1", 1)}},
		"approved by its subject": {"to": [_elevation({"approvers": ["alice"]})], "reasons": {_of("self_approved", "e-1")}},
		"approved by who requested it": {
			"to": [_elevation({"approvers": ["carol"], "requester": "carol"})],
			"reasons": {_of("self_approved", "e-1")},
		},
		"approved by its subject and another": {"to": [_elevation({"approvers": ["alice", "carol"]})], "reasons": set()},
		"requester not known": {"to": [_elevation({"requester": ""})], "reasons": {_of("requester_unknown", "e-1")}},
		"requester not named": {
			"to": [fixtures.drop("/pam/elevations/alice/e-1/requester")],
			"reasons": {_of("requester_unknown", "e-1")},
		},
		"approved by someone who has left": {
			"to": [_elevation({"approvers": ["dora"]})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"approved by a service": {
			"to": [_elevation({"approvers": ["bot"]})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"approved by whom the IGA does not know": {
			"to": [_elevation({"approvers": ["zed"]})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"approved by someone who has left and someone who has not": {
			"to": [_elevation({"approvers": ["dora", "carol"]})],
			"reasons": set(),
		},
		"the PAM asks for more than the catalogue": {
			"to": [_elevation({"required": 2})],
			"reasons": {_not_approved("e-1", 2)},
		},
		"the PAM asks for none, the catalogue for one": {
			"to": [_elevation({"required": 0, "approvers": []})],
			"reasons": {_not_approved("e-1", 1)},
		},
		"not recorded": {"to": [_elevation({"recording": "off"})], "reasons": {_of("not_recorded", "e-1")}},
		"nobody knows whether it is recorded": {
			"to": [_elevation({"recording": "unknown"})],
			"reasons": {_of("not_recorded", "e-1")},
		},
		"neither approved nor recorded": {
			"to": [_elevation({"recording": "off", "approvers": []})],
			"reasons": {_of("not_recorded", "e-1"), _not_approved("e-1", 1)},
		},
		"each of two lacks something else": {
			"to": [_elevations({"e-1": _changed({"recording": "off"}), "e-2": _changed({"approvers": ["alice"]})})],
			"reasons": {_of("not_recorded", "e-1"), _of("self_approved", "e-2")},
		},
		"one of two will do": {
			"to": [_elevations({"e-1": _changed({"recording": "off"}), "e-2": fixtures.elevation})],
			"reasons": set(),
		},
		"revoked before": {"to": [_revoke("e-1", fixtures.now - 1)], "reasons": {_revoked("e-1"), _missing("dump")}},
		"revoked at this instant": {"to": [_revoke("e-1", fixtures.now)], "reasons": {_revoked("e-1"), _missing("dump")}},
		"revoked later": {"to": [_revoke("e-1", fixtures.now + 1)], "reasons": set()},
		"revoked from nowhere": {
			"to": [fixtures.put("/revocations/elevations/e-1", false)],
			"reasons": {_revoked("e-1"), _missing("dump")},
		},
		"one of two is revoked": {
			"to": [_elevations({"e-1": fixtures.elevation, "e-2": fixtures.elevation}), _revoke("e-1", fixtures.now)],
			"reasons": set(),
		},
		"one of two is revoked, the other will not do": {
			"to": [
				_elevations({"e-1": fixtures.elevation, "e-2": _changed({"approvers": []})}),
				_revoke("e-1", fixtures.now),
			],
			"reasons": {_revoked("e-1"), _not_approved("e-2", 1)},
		},
		"sound on a stale system, unsound on a fresh one": {
			"to": [
				_elevations({"e-1": fixtures.elevation, "e-2": _changed({"system": "vault", "approvers": []})}),
				_stale,
			],
			"reasons": {_pam_stale},
		},
		"sound on a stale system, break-glass not accepted on a fresh one": {
			"to": [_glass({"system": "vault", "keys": ["#dump@database:orders-prod"]}), _stale],
			"reasons": {_pam_stale},
		},
		"sound on both": {
			"to": [_elevations({"e-1": fixtures.elevation, "e-2": _changed({"system": "vault"})}), _stale],
			"reasons": set(),
		},
		"none, and a listing too old to know": {"to": [_none, _stale], "reasons": {_pam_stale, _missing("dump")}},
		"broken glass where it is not accepted": {
			"to": [_none, _glass({"keys": ["#dump@database:orders-prod"]})],
			"reasons": {_missing("dump"), _not_accepted},
		},
		"not loaded": {
			"to": [fixtures.put("/pam", {})],
			"reasons": {{"id": "elevation.unavailable", "next_action": "retry"}, _pam_stale},
		},
		"not said whether privileged": {
			"to": [fixtures.drop("/catalog/actions/database/dump/privileged")],
			"reasons": {_not_decidable},
		},
		"privileged, in a way": {
			"to": [fixtures.put("/catalog/actions/database/dump/privileged", "no")],
			"reasons": {_not_decidable},
		},
		"privileged, without a word on elevation": {
			"to": [fixtures.drop("/catalog/actions/database/dump/elevation")],
			"reasons": {_of("not_recorded", "e-1")},
		},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("dump")}, case))
}

test_two_approvals[note] if {
	some note, case in {
		"two others": {"to": [_elevation({"approvers": ["carol", "bound"]})], "reasons": set()},
		"one other has left": {
			"to": [_elevation({"approvers": ["carol", "dora"]})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"one other twice": {"to": [_elevation({"approvers": ["carol", "carol"]})], "reasons": {_not_approved("e-1", 2)}},
		"one other and the subject": {
			"to": [_elevation({"approvers": ["carol", "alice"]})],
			"reasons": {_of("self_approved", "e-1")},
		},
		"the subject alone": {
			"to": [_elevation({"approvers": ["alice"]})],
			"reasons": {_not_approved("e-1", 2), _of("self_approved", "e-1")},
		},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("wipe")}, case))
}

# The catalogue may say that no approval is needed; then the PAM may still ask for one.
test_no_approval[note] if {
	some note, case in {
		"neither asks": {"to": [_elevation({"approvers": [], "required": 0})], "reasons": set()},
		"the PAM asks": {"to": [_elevation({"approvers": [], "required": 1})], "reasons": {_not_approved("e-1", 1)}},
		"unapproved for ever": {
			"to": [_elevation({"approvers": [], "required": 0, "approved_until": fixtures.now})],
			"reasons": {_of("approval_expired", "e-1")},
		},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("rotate")}, case))
}

test_break_glass[note] if {
	some note, case in {
		"broken": {"to": [_glass({})], "reasons": set()},
		"not broken": {"to": [], "reasons": {_missing("administer")}},
		"for another action": {
			"to": [_glass({"keys": ["#dump@database:orders-prod"]})],
			"reasons": {_missing("administer")},
		},
		"for an entitlement": {"to": [_glass({"keys": ["orders:dba@*"]})], "reasons": {_missing("administer")}},
		"begins at this instant": {"to": [_glass({"not_before": fixtures.now})], "reasons": set()},
		"begins later": {"to": [_glass({"not_before": fixtures.now + 1})], "reasons": {_missing("administer")}},
		"ends later": {"to": [_glass({"expires_at": fixtures.now + 1})], "reasons": set()},
		"ends at this instant": {"to": [_glass({"expires_at": fixtures.now})], "reasons": {_missing("administer")}},
		"revoked": {
			"to": [_glass({}), _revoke("b-1", fixtures.now)],
			"reasons": {_revoked("b-1"), _missing("administer")},
		},
		"revoked later": {"to": [_glass({}), _revoke("b-1", fixtures.now + 1)], "reasons": set()},
		"on a stale system": {"to": [_glass({}), _stale], "reasons": set()},
		"without an entitlement": {
			"to": [_glass({}), fixtures.drop("/iga/grants/alice")],
			"reasons": {{
				"id": "entitlement.missing",
				"next_action": "request",
				"needs": {"entitlements": ["orders:dba"]},
			}},
		},
	}
	fixtures.holds({"ask": fixtures.ask("administer"), "to": array.concat([_none], case.to), "reasons": case.reasons})
}

test_not_privileged[note] if {
	some note, case in {
		"needs no elevation": {"to": [_none], "reasons": set()},
		"needs no fresh PAM": {"to": [_stale], "reasons": set()},
		"needs no PAM": {"to": [fixtures.put("/pam", {})], "reasons": set()},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("query")}, case))
}

# Asked of the gate itself: the answer to a request without a resource gives the request gate's reasons alone.
test_no_resource if {
	reasons := data.authz.gates.elevation.reasons with input as json.remove(fixtures.ask("dump"), ["/resource/id"])
		with data.catalog as fixtures.documents.catalog
	_not_decidable in reasons
}

test_answer_of_an_elevation if {
	answer := fixtures.answer({"ask": fixtures.ask("dump"), "to": [_elevation({"approved_until": fixtures.now + 1})]})
	answer.context.obligations == [{"id": "record_session", "type": "record_session", "properties": {}}]
	answer.context.valid_until == "2027-01-15T08:00:00.000000001Z"
	answer.context.evidence.elevation == {
		"id": "e-1",
		"kind": "elevation",
		"requester": "alice",
		"approvers": ["carol"],
		"session": "p-1",
		"ticket": "CHG-1",
		"source": "bao",
		"snapshot": "bao-12",
	}
}

test_answer_without_recording if {
	fixtures.answer({"ask": fixtures.ask("rotate")}).context.obligations == []
}

test_answer_of_break_glass if {
	answer := fixtures.answer({"ask": fixtures.ask("administer"), "to": [_none, _glass({"expires_at": fixtures.now + 1})]})
	answer.context.valid_until == "2027-01-15T08:00:00.000000001Z"
	answer.context.obligations == [
		{"id": "record_session", "type": "record_session", "properties": {}},
		{"id": "notify:break-glass", "type": "notify", "properties": {"event": "break_glass", "activation": "b-1"}},
		{"id": "review:break-glass", "type": "review", "properties": {"activation": "b-1", "due_at": "2027-01-16T08:00:00Z"}},
	]
	answer.context.evidence.elevation == {
		"id": "b-1",
		"kind": "break_glass",
		"justification": "primary is down",
		"incident": "INC-1",
		"activated_by": "alice",
		"source": "bao",
		"snapshot": "bao-12",
	}
}

# Break-glass is the last resort: an elevation that will do is what the evidence names.
test_elevation_before_break_glass if {
	case := {"ask": fixtures.ask("administer"), "to": [_glass({"expires_at": fixtures.now + (9 * fixtures.hour)})]}
	fixtures.answer(case).context.evidence.elevation.id == "e-1"
}

test_break_glass_before_a_stale_elevation if {
	case := {"ask": fixtures.ask("administer"), "to": [_glass({"system": "vault"}), _stale]}
	fixtures.answer(case).context.evidence.elevation.id == "b-1"
}

test_until_a_revocation_to_come if {
	case := {"ask": fixtures.ask("dump"), "to": [_revoke("e-1", fixtures.now + fixtures.second)]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:01Z"
}
