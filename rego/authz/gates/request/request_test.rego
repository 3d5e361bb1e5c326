package authz.gates.request_test

import data.testing.fixtures
import future.keywords.not

_malformed := {"id": "request.malformed", "next_action": "none"}

_pep := {"id": "request.pep_not_permitted", "next_action": "none"}

_assertion := {"id": "request.assertion_not_permitted", "next_action": "none"}

_unknown_action := {"id": "request.unknown_action", "next_action": "none"}

_unavailable := {"id": "request.unavailable", "next_action": "retry"}

_needs(names) := {"id": "request.context_missing", "next_action": "retry", "needs": {"context": names}}

_request_reasons(case) := {reason | some reason in fixtures.reasons(case); startswith(reason.id, "request.")}

# What this gate says; other gates may have more to say of the same request.
test_reasons[note] if {
	some note, case in {
		"complete": {"ask": fixtures.ask("dump"), "reasons": set()},
		"no subject": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/subject")], "reasons": {_malformed}},
		"no subject type": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/subject/type")], "reasons": {_malformed}},
		"no subject id": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/subject/id")], "reasons": {_malformed}},
		"no action": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/action")], "reasons": {_malformed}},
		"no resource id": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/resource/id")], "reasons": {_malformed}},
		"no resource type": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.drop("/resource/type")],
			"reasons": {_malformed, _pep},
		},
		"empty subject type": {"ask": fixtures.ask("query"), "with": [fixtures.put("/subject/type", "")], "reasons": {_malformed}},
		"empty subject id": {"ask": fixtures.ask("query"), "with": [fixtures.put("/subject/id", "")], "reasons": {_malformed}},
		"empty action": {"ask": fixtures.ask("query"), "with": [fixtures.put("/action/name", "")], "reasons": {_malformed}},
		"empty resource id": {"ask": fixtures.ask("query"), "with": [fixtures.put("/resource/id", "")], "reasons": {_malformed}},
		"empty resource type": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.put("/resource/type", "")],
			"reasons": {_malformed, _pep},
		},
		"unknown action": {"ask": fixtures.ask("drink"), "reasons": {_unknown_action}},
		"unknown type of resource": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.put("/resource/type", "teapot")],
			"reasons": {_unknown_action, _pep},
		},
		"no catalogue": {"ask": fixtures.ask("query"), "to": [fixtures.put("/catalog", {})], "reasons": {_unavailable}},
		"no trust": {"ask": fixtures.ask("query"), "to": [fixtures.put("/trust", {})], "reasons": {_unavailable}},
		"no context": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/context")], "reasons": {_pep}},
		"no PEP": {"ask": fixtures.ask("query"), "with": [fixtures.drop("/context/pep")], "reasons": {_pep}},
		"unknown PEP": {"ask": fixtures.ask("query"), "with": [fixtures.put("/context/pep", "mallory")], "reasons": {_pep}},
		"PEP of another type": {"ask": fixtures.ask("query"), "with": [fixtures.put("/context/pep", "ledger-api")], "reasons": {_pep}},
		"type of the PEP is not simply true": {
			"ask": fixtures.ask("query"),
			"to": [fixtures.put("/trust/peps/db-proxy/resource_types/database", "no")],
			"reasons": {_pep},
		},
		"no ticket": {"ask": fixtures.ask("dump"), "with": [fixtures.drop("/context/ticket")], "reasons": {_needs(["ticket"])}},
		"neither": {
			"ask": fixtures.ask("dump"),
			"with": [fixtures.put("/context/ticket", ""), fixtures.put("/context/session", 1)],
			"reasons": {_needs(["session", "ticket"])},
		},
		"the catalogue's parents win without a word": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.put("/resource/properties", {"parents": ["account:mine"]})],
			"reasons": set(),
		},
		"parents of an unlisted resource": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": ["account:prod"]}})],
			"reasons": set(),
		},
		"parents from a PEP that may not": {
			"ask": fixtures.ask("query"),
			"with": [
				fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": ["account:prod"]}}),
				fixtures.put("/context/pep", "plain-proxy"),
			],
			"reasons": {_assertion},
		},
		"no parents from a PEP that may not": {
			"ask": fixtures.ask("query"),
			"with": [
				fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": []}}),
				fixtures.put("/context/pep", "plain-proxy"),
			],
			"reasons": set(),
		},
	}
	_request_reasons(case) == case.reasons
}

# Each of these is no list of at most eight `type:id` texts.
test_parents_that_are_none[note] if {
	some note, parents in {
		"false": false,
		"null": null,
		"text": "account:prod",
		"number": 7,
		"object": {"a": "account:prod"},
		"a star": ["*"],
		"no type": [":prod"],
		"no id": ["account:"],
		"a number in it": ["account:prod", 7],
		"nine": ["a:1", "a:2", "a:3", "a:4", "a:5", "a:6", "a:7", "a:8", "a:9"],
	}
	case := {
		"ask": fixtures.ask("query"),
		"with": [fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": parents}})],
	}
	fixtures.reasons(case) == {_assertion}
}

# The catalogue lists the resource, though without parents: then it has none, whatever a PEP says.
test_parents_of_a_listed_orphan if {
	case := {
		"ask": fixtures.ask("query"),
		"with": [fixtures.put("/resource/properties", {"parents": ["account:prod"]})],
		"to": [
			fixtures.drop("/catalog/resources/database:orders-prod/parents"),
			fixtures.put("/iga/grants/alice", {"orders:dba@account:prod": sprintf("hr|g|%s|||", [fixtures.seconds.ahead])}),
		],
	}
	fixtures.ids(case) == {"entitlement.missing"}
}

test_evidence if fixtures.answer({"ask": fixtures.ask("query")}).context.evidence.request == {"pep": "db-proxy"}

# An action of which the catalogue does not say what context it needs.
test_context_not_said if {
	case := {"ask": fixtures.ask("query"), "to": [fixtures.drop("/catalog/actions/database/query/context")]}
	fixtures.ids(case) == {"decision.unexplained"}
}
