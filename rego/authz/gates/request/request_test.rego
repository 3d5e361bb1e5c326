package authz.gates.request_test

import data.testing.fixtures
import future.keywords.not

_malformed := {"id": "request.malformed", "next_action": "none"}

_pep := {"id": "request.pep_not_permitted", "next_action": "none"}

_assertion := {"id": "request.assertion_not_permitted", "next_action": "none"}

_refused(asserts) := {"id": "request.assertion_not_permitted", "next_action": "none", "needs": {"asserts": asserts}}

_legacy(names) := {"id": "request.legacy_context", "next_action": "retry", "needs": {"context": names}}

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
		"empty context": {"ask": fixtures.ask("query"), "with": [fixtures.put("/context", {})], "reasons": {_pep}},
		"no context, and some is asked for": {
			"ask": fixtures.ask("dump"),
			"with": [fixtures.drop("/context")],
			"reasons": {_pep, _needs(["session", "ticket"])},
		},
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

_text(length) := concat("", [symbol | some _ in numbers.range(1, length); symbol := "é"])

# Characters and not bytes are counted, and what is one too long is named by no reason.
test_longest[note] if {
	some path in ["/subject/type", "/subject/id", "/action/name", "/resource/id", "/resource/type", "/context/ticket"]
	some length in [1024, 1025]
	note := sprintf("%s of %d", [path, length])
	given := fixtures.reasons({"ask": fixtures.ask("query"), "with": [fixtures.put(path, _text(length))]})
	_malformed_beyond(length, given)
}

test_longest_chain[note] if {
	some length in [1024, 1025]
	note := sprintf("%d", [length])
	chain := fixtures.put("/context/chain", {"id": _text(length), "history": []})
	given := fixtures.reasons({"ask": fixtures.ask("query"), "with": [chain]})
	_malformed_beyond(length, given)
}

# A type of resource that long is none that the PEP may ask for; that is another reason of this gate.
_malformed_beyond(1024, given) if not _malformed in given

_malformed_beyond(1025, given) if {
	_malformed in given
	given - {_malformed, _pep} == set()
}

# What is no text may be as long as it will: it is not repeated, and nothing fails on it.
test_long_but_no_text[note] if {
	some note, odd in {
		"a list": numbers.range(1, 1025),
		"an object": {number: true | some number in numbers.range(1, 1025)},
		"a number": 1,
		"true": true,
		"null": null,
	}
	every change in [fixtures.put("/context/ticket", odd), fixtures.put("/context/chain", {"id": odd, "history": []})] {
		_request_reasons({"ask": fixtures.ask("query"), "with": [change]}) == set()
	}
}

# What may be absent is an object where it is there.
test_no_objects[note] if {
	some path in ["/context", "/action/properties", "/resource/properties"]
	some kind, odd in {"null": null, "false": false, "a number": 0, "a text": "", "a list": []}
	note := sprintf("%s is %s", [path, kind])
	case := {"ask": fixtures.ask("query"), "with": [fixtures.put(path, odd)]}
	_malformed in fixtures.reasons(case)
}

# Whatever is said, it counts as said.
test_assertions[note] if {
	some name, asserts in {
		"chain": ["history"],
		"history": ["history"],
		"counters": ["counters"],
		"uses": ["uses"],
		"confirmations": ["confirmations"],
		"conditions": ["conditions"],
	}
	some kind, value in {"an object": {}, "a list": [], "null": null, "false": false, "a number": 7, "a text": "x"}
	note := sprintf("%s is %s", [name, kind])
	said := fixtures.put(sprintf("/context/%s", [name]), value)
	_request_reasons({"ask": fixtures.ask("query"), "with": [said]}) == set()
	by_another := {"ask": fixtures.ask("query"), "with": [said, fixtures.put("/context/pep", "plain-proxy")]}
	_request_reasons(by_another) == {_refused(asserts)}
	odd := {"ask": fixtures.ask("query"), "with": [said], "to": [fixtures.put(sprintf("/trust/peps/db-proxy/asserts/%s", asserts), "yes")]}
	_request_reasons(odd) == {_refused(asserts)}
}

test_all_assertions if {
	case := {"ask": fixtures.ask("query"), "with": [
		fixtures.put("/context/pep", "plain-proxy"),
		fixtures.put("/context/chain", {}),
		fixtures.put("/context/history", []),
		fixtures.put("/context/counters", {}),
		fixtures.put("/context/uses", {}),
		fixtures.put("/context/confirmations", []),
		fixtures.put("/context/conditions", {}),
		fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": ["account:prod"]}}),
	]}
	fixtures.reasons(case) == {_refused(["conditions", "confirmations", "counters", "history", "uses"])}
}

# An application that cannot pass context asks through its profile's enforcement point.
_profile := [
	fixtures.put("/catalog/applications/orders/profile", "portal"),
	fixtures.put("/catalog/profiles", {"portal": {
		"pep": "plain-proxy",
		"actions": {"database": {"query": true, "dump": true, "administer": "yes"}},
		"valid_for": 60 * fixtures.second,
	}}),
]

_bare(action) := object.remove(fixtures.ask(action), ["context"])

test_legacy_allow[note] if {
	some note, changes in {"no context": [], "empty context": [fixtures.put("/context", {})]}
	answer := fixtures.answer({"ask": _bare("query"), "with": changes, "to": _profile})
	answer.decision == true
	answer.context.valid_until == "2027-01-15T08:01:00Z"
	answer.context.evidence.request == {"pep": "plain-proxy", "profile": "portal"}
	answer.context.obligations == [{
		"id": "notify:legacy-context",
		"type": "notify",
		"properties": {"event": "legacy_context", "missing": ["pep"]},
	}]
}

# What the action asks of the context is not asked here, but told.
test_legacy_missing if {
	answer := fixtures.answer({"ask": _bare("dump"), "to": _profile})
	answer.decision == true
	some obligation in answer.context.obligations
	obligation.type == "notify"
	obligation.properties == {"event": "legacy_context", "missing": ["pep", "session", "ticket"]}
}

test_legacy_reasons[note] if {
	some note, case in {
		"listed": {"ask": _bare("query"), "reasons": set()},
		"another action": {"ask": _bare("rotate"), "reasons": {_legacy(["pep"])}},
		"an action that is not simply true": {"ask": _bare("administer"), "reasons": {_legacy(["pep"])}},
		"unknown action": {"ask": _bare("drink"), "reasons": {_unknown_action, _pep}},
		"what it lacks is named": {
			"ask": _bare("dump"),
			"to": [fixtures.drop("/catalog/profiles/portal/actions/database/dump")],
			"reasons": {_legacy(["pep", "session", "ticket"])},
		},
		"with a context, it is held to that": {"ask": fixtures.ask("rotate"), "reasons": set()},
		"some context, but no PEP": {
			"ask": _bare("query"),
			"with": [fixtures.put("/context", {"session": "s-1"})],
			"reasons": {_pep},
		},
		"some context, and not all": {
			"ask": _bare("dump"),
			"with": [fixtures.put("/context", {"pep": "db-proxy", "session": "s-1"})],
			"reasons": {_needs(["ticket"])},
		},
		"null is no empty context": {
			"ask": _bare("query"),
			"with": [fixtures.put("/context", null)],
			"reasons": {_malformed, _pep},
		},
		"the profile is not there": {
			"ask": _bare("query"),
			"to": [fixtures.drop("/catalog/profiles/portal")],
			"reasons": {_pep},
		},
		"the profile's PEP is unknown": {
			"ask": _bare("query"),
			"to": [fixtures.put("/catalog/profiles/portal/pep", "mallory")],
			"reasons": {_pep},
		},
		"the profile's PEP is for another type": {
			"ask": _bare("query"),
			"to": [fixtures.put("/catalog/profiles/portal/pep", "ledger-api")],
			"reasons": {_pep},
		},
		"parents that the profile's PEP may not assert": {
			"ask": _bare("query"),
			"with": [fixtures.put("/resource", {"type": "database", "id": "new", "properties": {"parents": ["account:prod"]}})],
			"reasons": {_assertion},
		},
	}
	_request_reasons(object.union(case, {"to": array.concat(_profile, object.get(case, "to", []))})) == case.reasons
}

# Without an end, there is no telling until when the answer may be relied on.
test_legacy_without_end[note] if {
	some note, change in {
		"none": fixtures.drop("/catalog/profiles/portal/valid_for"),
		"text": fixtures.put("/catalog/profiles/portal/valid_for", "60"),
	}
	case := {"ask": _bare("query"), "to": array.concat(_profile, [change])}
	fixtures.ids(case) == {"decision.unexplained"}
}

# An answer without context ends when what else it relies on ends, if that is earlier.
test_legacy_until if {
	answer := fixtures.answer({
		"ask": _bare("query"),
		"to": array.concat(_profile, [fixtures.put("/catalog/profiles/portal/valid_for", 300 * fixtures.hour)]),
	})
	answer.context.valid_until == "2027-01-15T08:59:59Z"
}

test_depends_on_context if {
	answer := fixtures.answer({"ask": fixtures.ask("dump")})
	{"context.session", "context.ticket"} - answer.context.cache.depends_on == set()
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
