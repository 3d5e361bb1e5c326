package authz_test

import data.testing.fixtures
import future.keywords.not

test_whole_allow if {
	fixtures.decide(fixtures.ask("query"), fixtures.documents) == {"decision": true, "context": {
		"reasons": [],
		"obligations": [],
		"valid_until": "2027-01-15T08:59:59Z",
		"evidence": {
			"request": {"pep": "db-proxy"},
			"identity": {"id": "alice", "type": "human", "source": "hr", "snapshot": "hr-12"},
			"entitlement": {
				"grant": "g-alice",
				"entitlement": "orders:dba@*",
				"expires_at": "1800086400",
				"via": "role:dba",
				"elevation": "",
				"source": "hr",
				"snapshot": "hr-12",
			},
		},
		"revisions": _revisions,
		"evaluated_at": "2027-01-15T08:00:00Z",
	}}
}

test_whole_denial if {
	answer := fixtures.answer({
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/revocations/subjects/alice", {"id": "alice", "from": fixtures.now})],
	})
	answer.decision == false
	object.remove(answer.context, ["evidence"]) == {
		"reasons": {{"id": "revocation.subject", "gate": "revocation", "next_action": "none"}},
		"obligations": [],
		"revisions": _revisions,
		"evaluated_at": "2027-01-15T08:00:00Z",
	}
}

_revisions := {
	"policy": "policy-1",
	"iga": "iga-1",
	"pam": "pam-1",
	"trust": "trust-1",
	"revocations": "revocations-1",
}

# Nothing that a caller can post: still an answer, and every gate that cannot judge says so.
test_no_request[note] if {
	some note, request in {
		"null": null,
		"text": "x",
		"number": 1,
		"truth": true,
		"list": [],
		"list of objects": [{"subject": {"type": "human", "id": "alice"}}],
		"nothing": {},
		"only other things": {"a": {"b": {"c": [1]}}},
		"parts that are none": {"subject": 1, "action": [], "resource": "x", "context": null},
	}
	answer := fixtures.decide(request, fixtures.documents)
	answer.decision == false
	answer.context.evidence == {}
	{reason.id | some reason in answer.context.reasons} == {"request.malformed", "request.pep_not_permitted"}
}

# Whoever may not ask gets one answer, whatever is the matter with the subject.
test_no_oracle[note] if {
	some note, to in {
		"nothing": [],
		"unknown": [fixtures.drop("/iga/identities/alice")],
		"disabled": [fixtures.put("/iga/identities/alice", "disabled|human||hr|")],
		"denied": [fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"})],
		"no grant": [fixtures.drop("/iga/grants/alice")],
		"no elevation": [fixtures.drop("/pam/elevations/alice")],
		"revoked": [fixtures.put("/revocations/subjects/alice", {"id": "alice", "from": fixtures.now})],
	}
	answer := fixtures.answer({
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/context/pep", "ledger-api")],
		"to": to,
	})
	answer.decision == false
	answer.context.evidence == {}
	answer.context.reasons == {{"id": "request.pep_not_permitted", "gate": "request", "next_action": "none"}}
}

# Whoever may ask is told what passed, too.
test_evidence_of_a_denial if {
	answer := fixtures.answer({"ask": fixtures.ask("query"), "to": [fixtures.drop("/iga/grants/alice")]})
	object.keys(answer.context.evidence) == {"request", "identity"}
}

test_absent_request if {
	answer := data.authz.evaluation with data.catalog as fixtures.documents.catalog
		with data.config as fixtures.documents.config
		with data.iga as fixtures.documents.iga
		with data.pam as fixtures.documents.pam
		with data.trust as fixtures.documents.trust
		with data.revocations as fixtures.documents.revocations
	answer.decision == false
}

test_absent_documents if {
	answer := data.authz.evaluation with input as fixtures.ask("dump") with data.config as null
	answer.decision == false
	{reason.id | some reason in answer.context.reasons} & {"decision.unexplained", "decision.undefined"} == set()
}

test_not_configured if {
	answer := fixtures.answer({"ask": fixtures.ask("query"), "to": [fixtures.put("/config", {})]})
	answer.decision == false
	{[reason.id, reason.gate] | some reason in answer.context.reasons} == {
		["decision.not_configured", "decision"],
		["freshness.not_decidable", "freshness"],
	}
}

test_gates_named_and_not_loaded if {
	case := {"ask": fixtures.ask("query"), "to": [fixtures.put("/config/gates/proof", {"pass": true})]}
	answer := fixtures.answer(case)
	answer.decision == false
	answer.context.reasons == {{"id": "decision.gate_missing", "gate": "proof", "next_action": "none"}}
}

# A policy that lost one of its gates denies, whichever it is.
test_gate_lost[gate] if {
	some gate in ["elevation", "entitlement", "freshness", "identity", "request", "revocation"]
	gates := {name: {"verdict": {"pass": true, "until": fixtures.now + 1}} |
		some name in ["elevation", "entitlement", "freshness", "identity", "request", "revocation"]
		name != gate
	}
	answer := data.authz.evaluation with data.authz.gates as gates
		with data.config as fixtures.documents.config
		with time.now_ns as fixtures.now
	answer.decision == false
	answer.context.reasons == {{"id": "decision.gate_missing", "gate": gate, "next_action": "none"}}
}

_added(verdict) := answer if {
	gates := {name: {"verdict": {"pass": true, "until": fixtures.now + fixtures.second}} |
		some name in ["elevation", "entitlement", "freshness", "identity", "request", "revocation"]
	}
	answer := data.authz.evaluation with data.authz.gates as object.union(gates, {"extra": {"verdict": verdict, "reasons": set()}})
		with data.config as fixtures.documents.config
		with time.now_ns as fixtures.now
}

test_gate_added if _added({"pass": true}).decision == true

# A gate that the configuration does not name counts as much as one that it names.
test_gate_added_that_does_not_pass[note] if {
	some note, verdict in {
		"false": {"pass": false},
		"text": {"pass": "true"},
		"number": {"pass": 1},
		"null": {"pass": null},
		"nothing": {},
		"no object": true,
	}
	answer := _added(verdict)
	answer.decision == false
	answer.context.reasons == {{"id": "decision.unexplained", "gate": "extra", "next_action": "none"}}
}

# An allow that has already ended is none, whatever the gates say.
test_until_not_after_now[note] if {
	some note, until in {"now": fixtures.now, "before": 1, "null": null}
	answer := _added({"pass": true, "until": until})
	answer.decision == false
	answer.context.reasons == {{"id": "decision.undefined", "gate": "decision", "next_action": "none"}}
}

test_configured_to_fail if {
	answer := fixtures.answer({"ask": fixtures.ask("query"), "to": [fixtures.put("/config/gates/request/pass", false)]})
	answer.decision == false
	answer.context.reasons == {{"id": "decision.undefined", "gate": "decision", "next_action": "none"}}
}

test_obligations_of_all_gates if {
	answer := _added({"pass": true, "obligations": [{"id": "o-1", "type": "t", "properties": {}}]})
	answer.context.obligations == [{"id": "o-1", "type": "t", "properties": {}}]
}
