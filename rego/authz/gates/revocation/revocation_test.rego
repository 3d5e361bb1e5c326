package authz.gates.revocation_test

import data.testing.fixtures
import future.keywords.not

_subject := {"id": "revocation.subject", "next_action": "none"}

_session := {"id": "revocation.session", "next_action": "none"}

_revoked(kind, id, from) := fixtures.put(sprintf("/revocations/%s/%s", [kind, id]), {"id": id, "from": from})

test_revocation[note] if {
	some note, case in {
		"nothing": {"to": [], "reasons": set()},
		"another subject": {"to": [_revoked("subjects", "bot", fixtures.now - 1)], "reasons": set()},
		"the subject before": {"to": [_revoked("subjects", "alice", fixtures.now - 1)], "reasons": {_subject}},
		"the subject at this instant": {"to": [_revoked("subjects", "alice", fixtures.now)], "reasons": {_subject}},
		"the subject later": {"to": [_revoked("subjects", "alice", fixtures.now + 1)], "reasons": set()},
		"the session before": {"to": [_revoked("sessions", "s-1", fixtures.now - 1)], "reasons": {_session}},
		"the session at this instant": {"to": [_revoked("sessions", "s-1", fixtures.now)], "reasons": {_session}},
		"the session later": {"to": [_revoked("sessions", "s-1", fixtures.now + 1)], "reasons": set()},
		"both": {
			"to": [_revoked("sessions", "s-1", fixtures.now), _revoked("subjects", "alice", fixtures.now)],
			"reasons": {_subject, _session},
		},
		"from text": {"to": [_revoked("subjects", "alice", "2099")], "reasons": {_subject}},
		"from nothing": {"to": [fixtures.put("/revocations/subjects/alice", {"id": "alice"})], "reasons": {_subject}},
		"not even an object": {"to": [fixtures.put("/revocations/sessions/s-1", false)], "reasons": {_session}},
		"not loaded": {
			"to": [fixtures.put("/revocations", {})],
			"reasons": {
				{"id": "revocation.unavailable", "next_action": "retry"},
				{"id": "freshness.revocations_stale", "next_action": "retry"},
			},
		},
		"too old to allow, and denying on": {
			"to": [
				_revoked("subjects", "alice", fixtures.now),
				fixtures.put("/revocations/bundle/expires_at", fixtures.now),
			],
			"reasons": {_subject, {"id": "freshness.revocations_stale", "next_action": "retry"}},
		},
	}
	fixtures.holds(object.union(case, {"ask": fixtures.ask("query")}))
}

# A PEP may keep an allow until the revocation that is already known of, and no longer.
test_until_a_revocation_to_come[kind] if {
	some kind, id in {"subjects": "alice", "sessions": "s-1"}
	case := {"ask": fixtures.ask("query"), "to": [_revoked(kind, id, fixtures.now + fixtures.second)]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:01Z"
}
