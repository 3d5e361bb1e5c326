package authz_test

import data.testing.fixtures
import future.keywords.not

test_whole_allow if {
	fixtures.decide(fixtures.ask("query"), fixtures.documents) == {"decision": true, "context": {
		"reasons": [],
		"obligations": [],
		"valid_until": "2027-01-15T08:59:59Z",
		"cache": {
			"store": true,
			"until": "2027-01-15T08:59:59Z",
			"depends_on": {
				"action.name", "context.chain", "context.credential", "context.pep", "context.session",
				"resource", "subject",
			},
		},
		"evidence": {
			"request": {"pep": "db-proxy"},
			"proof": {"kind": "pep", "bound": "none"},
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
		"snapshots": _snapshots,
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
		"next_action": "none",
		"obligations": [],
		"revisions": _revisions,
		"snapshots": _snapshots,
		"evaluated_at": "2027-01-15T08:00:00Z",
	}
}

_gates := [
	"elevation", "entitlement", "freshness", "identity", "mandate",
	"proof", "request", "revocation", "transaction",
]

_snapshots := {
	"iga": {"hr": "hr-12", "cmdb": "cmdb-12", "app": "app-12"},
	"pam": {"bao": "bao-12", "vault": "vault-12"},
	"trust": {},
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
	object.keys(answer.context.evidence) == {"request", "identity", "proof"}
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
		["proof.unavailable", "proof"],
	}
}

test_gates_named_and_not_loaded if {
	case := {"ask": fixtures.ask("query"), "to": [fixtures.put("/config/gates/weather", {"pass": true})]}
	answer := fixtures.answer(case)
	answer.decision == false
	answer.context.reasons == {{"id": "decision.gate_missing", "gate": "weather", "next_action": "none"}}
}

# A policy that lost one of its gates denies, whichever it is.
test_gate_lost[gate] if {
	some gate in _gates
	gates := {name: {"verdict": {"pass": true, "until": fixtures.now + 1}} |
		some name in _gates
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
		some name in _gates
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
	some note, until in {"now": fixtures.now, "before": 1, "null": null, "text": "x", "a list": [], "false": false}
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

test_store[note] if {
	some note, case in {
		"nothing said": {"verdict": {"pass": true}, "store": true},
		"said so": {"verdict": {"pass": true, "store": true}, "store": true},
		"used up": {"verdict": {"pass": true, "store": false}, "store": false},
		"something odd": {"verdict": {"pass": true, "store": "no"}, "store": false},
	}
	cache := _added(case.verdict).context.cache
	cache == {"store": case.store, "until": "2027-01-15T08:00:01Z", "depends_on": _always}
}

_always := {"action.name", "context.chain", "context.credential", "context.pep", "resource", "subject"}

test_depends_on_what_gates_say if {
	answer := _added({"pass": true, "depends_on": ["context.session", "resource"]})
	answer.context.cache.depends_on == _always | {"context.session"}
}

# The least of all ends, whichever gate says it.
test_valid_until if {
	answer := _added({"pass": true, "until": fixtures.now + 1})
	answer.context.valid_until == "2027-01-15T08:00:00.000000001Z"
	answer.context.cache.until == answer.context.valid_until
}

# A gate that fails with these reasons, beside gates that pass.
_failing(reasons) := answer if {
	gates := {name: {"verdict": {"pass": true, "until": fixtures.now + 1}} | some name in _gates}
	failing := {"extra": {"verdict": {"pass": false}, "reasons": reasons}}
	answer := data.authz.evaluation with data.authz.gates as object.union(gates, failing)
		with data.config as fixtures.documents.config
		with time.now_ns as fixtures.now
}

test_next_action[note] if {
	some note, case in {
		"retry": {"actions": ["retry"], "next": "retry"},
		"request": {"actions": ["request"], "next": "request"},
		"none": {"actions": ["none"], "next": "none"},
		"request before retry": {"actions": ["retry", "request"], "next": "request"},
		"none before all": {"actions": ["retry", "request", "none"], "next": "none"},
	}
	answer := _failing({{"id": sprintf("extra.%s", [action]), "next_action": action} | some action in case.actions})
	answer.context.next_action == case.next
}

_template := {
	"subject": {"type": "human", "id": "alice"},
	"action": {"name": "dump"},
	"resource": {"type": "database", "id": "orders-prod"},
}

# Of `{}`, reckoned outside of OPA, as that below is of `{"table":"a\u003cb"}`.
_empty_digest := "sha-256:RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"

test_access_request[note] if {
	some note, case in {
		"no grant": {
			"to": [fixtures.drop("/iga/grants/alice")],
			"wanted": {"entitlements": ["orders:dba"]},
		},
		"no elevation": {
			"to": [fixtures.drop("/pam/elevations/alice")],
			"wanted": {"elevation": {"keys": ["#dump@database:orders-prod"], "parameters": _empty_digest}},
		},
		"neither": {
			"to": [fixtures.drop("/iga/grants/alice"), fixtures.drop("/pam/elevations/alice")],
			"wanted": {
				"entitlements": ["orders:dba"],
				"elevation": {"keys": ["#dump@database:orders-prod"], "parameters": _empty_digest},
			},
		},
		"a grant to activate": {
			"to": [
				fixtures.put("/iga/grants/alice", {"orders:dba@account:prod": sprintf("hr|g|%s||eligible|", [fixtures.seconds.ahead])}),
				fixtures.drop("/pam/elevations/alice"),
			],
			"wanted": {"elevation": {"keys": ["orders:dba@account:prod"], "parameters": _empty_digest}},
		},
		"and data too old": {
			"to": [fixtures.drop("/iga/grants/alice"), fixtures.put("/iga/bundle/expires_at", fixtures.now)],
			"wanted": {"entitlements": ["orders:dba"]},
		},
	}
	answer := fixtures.answer({"ask": fixtures.ask("dump"), "to": case.to})
	answer.context.next_action == "request"
	answer.context.access_request == {
		"template": object.union(_template, case.wanted),
		"expires_at": "2027-01-15T09:00:00Z",
	}
}

# What was asked for holds for these parameters, so they are in what to ask for, by their digest.
test_access_request_for_parameters if {
	answer := fixtures.answer({
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/action/properties", {"table": "a<b"})],
		"to": [fixtures.drop("/pam/elevations/alice")],
	})
	answer.context.access_request.template.elevation.parameters == "sha-256:6K0HcSi1TdmbPTBgWxO7mqaiPXO4aIDIyVmJt0WE2y4"
}

# Nothing to ask for where it would not help.
test_no_access_request[note] if {
	some note, case in {
		"denied": {"to": [fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"})], "next": "none"},
		"no grant, and denied": {
			"to": [
				fixtures.drop("/iga/grants/alice"),
				fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"}),
			],
			"next": "none",
		},
		"data too old": {"to": [fixtures.put("/iga/bundle/expires_at", fixtures.now)], "next": "retry"},
	}
	answer := fixtures.answer({"ask": fixtures.ask("dump"), "to": case.to})
	answer.context.next_action == case.next
	not answer.context.access_request
}

# How much of a denial an enforcement point is told.
test_detail[note] if {
	some note, case in {
		"full": {
			"reasons": {{
				"id": "entitlement.missing",
				"gate": "entitlement",
				"next_action": "request",
				"needs": {"entitlements": ["orders:reader", "orders:dba"]},
			}},
			"evidence": {"identity", "proof", "request"},
			"offer": {"access_request"},
		},
		"ids": {"reasons": {{"id": "entitlement.missing", "gate": "entitlement"}}, "evidence": set(), "offer": set()},
		"none": {"reasons": [], "evidence": set(), "offer": set()},
		"everything": {"reasons": [], "evidence": set(), "offer": set()},
		"": {"reasons": [], "evidence": set(), "offer": set()},
	}
	context := fixtures.answer({
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/trust/peps/db-proxy/reasons", note), fixtures.drop("/iga/grants/alice")],
	}).context
	context.reasons == case.reasons
	context.next_action == "request"
	object.keys(context.evidence) == case.evidence
	object.keys(context) & {"access_request"} == case.offer
}

test_detail_that_is_no_text[note] if {
	some note, odd in {"null": null, "false": false, "true": true, "number": 1, "list": ["full"]}
	answer := fixtures.answer({
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/trust/peps/db-proxy/reasons", odd), fixtures.drop("/iga/grants/alice")],
	})
	answer.context.reasons == []
	answer.context.evidence == {}
}

# An allow names what it rests on, whoever asks: it is what the decision log holds.
test_detail_of_an_allow if {
	answer := fixtures.answer({
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/trust/peps/db-proxy/reasons", "none")],
	})
	object.keys(answer.context.evidence) == {"entitlement", "identity", "proof", "request"}
}

# The revisions and snapshots of what is loaded, and of nothing else.
test_snapshots_of_what_is_loaded if {
	context := fixtures.answer({"ask": fixtures.ask("query"), "to": [fixtures.put("/pam", {})]}).context
	context.snapshots == object.remove(_snapshots, ["pam"])
	context.revisions == object.remove(_revisions, ["pam"])
}
