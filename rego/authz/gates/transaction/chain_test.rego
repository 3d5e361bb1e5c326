package authz.gates.transaction_test

import data.testing.fixtures
import future.keywords.not

# Reading what is confidential, and then sending it outside.
_combining := [
	fixtures.put("/catalog/combinations", {"leak": {"title": "Leak", "after": "reads_personal_data", "then": "sends_outside"}}),
	_at("/labels", {"sends_outside": true}),
	fixtures.put("/catalog/actions/database/dump/labels", {"reads_personal_data": true}),
]

_chain(history) := _say("/context/chain", {"id": "c-1", "history": history})

_event(action) := {"action": action, "type": "database", "id": "orders-prod"}

test_combination[note] if {
	some note, case in {
		"no chain": {"reasons": set()},
		"nothing before": {"with": [_chain([])], "reasons": set()},
		"something harmless before": {"with": [_chain([_event("rotate")])], "reasons": set()},
		"harmful with what was before": {"with": [_chain([_event("dump")])], "reasons": {_combined("leak")}},
		"harmful with what was long before": {
			"with": [_chain([_event("rotate"), _event("dump"), _event("rotate")])],
			"reasons": {_combined("leak")},
		},
		"unknown action before": {"with": [_chain([_event("Dump")])], "reasons": {_combined("leak")}},
		"unknown type before": {
			"with": [_chain([{"action": "rotate", "type": "Database"}])],
			"reasons": {_combined("leak")},
		},
		"unknown action before what is harmless": {
			"with": [_chain([_event("Dump")])],
			"to": [fixtures.drop("/catalog/actions/database/query/labels")],
			"reasons": set(),
		},
		"labelled in a way": {
			"with": [_chain([_event("dump")])],
			"to": [_at("/labels", {"sends_outside": 1})],
			"reasons": set(),
		},
		"the other way round": {
			"with": [_chain([_event("dump")])],
			"to": [
				_at("/labels", {"reads_personal_data": true}),
				fixtures.put("/catalog/actions/database/dump/labels", {"sends_outside": true}),
			],
			"reasons": set(),
		},
		"no combinations": {
			"with": [_chain([_event("dump")])],
			"to": [fixtures.drop("/catalog/combinations")],
			"reasons": set(),
		},
	}
	_holds(object.union(case, {"to": array.concat(_combining, object.get(case, "to", []))}))
}

# Whoever asks: a chain is no matter of agents alone, and no proxy of another environment is a way around it.
test_combination_of_others[note] if {
	some note, case in {
		"a service": {"by": ["service_account", "bot"], "before": ["dump"], "reasons": {_combined("leak")}},
		"a service, something harmless before": {"by": ["service_account", "bot"], "before": ["rotate"], "reasons": set()},
		"a service, unknown action before": {"by": ["service_account", "bot"], "before": ["dumps"], "reasons": {_combined("leak")}},
		"a person": {"by": ["human", "bound"], "before": ["dump"], "reasons": {_combined("leak")}},
	}
	fixtures.holds({
		"ask": json.patch(
			fixtures.ask_as(case.by[0], case.by[1], "query"),
			[_chain([_event(action) | some action in case.before])],
		),
		"to": _combining,
		"reasons": case.reasons,
	})
}

# Reading, then reading on, then sending: what was read stays read, and by whatever it was read.
test_combination_of_an_agent[note] if {
	some note, case in {
		"nothing before": {"before": [], "reasons": set()},
		"read before": {"before": ["dump", "rotate"], "reasons": {_combined("leak")}},
		"unknown before": {"before": ["exfiltrate"], "reasons": {_combined("leak")}},
	}
	request := json.patch(fixtures.ask_as("agent", "scout", "query"), [_chain([_event(action) | some action in case.before])])
	_reasons(request, array.concat(_combining, [fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol")])) == case.reasons
}

# Each combination by itself, whatever another allows.
test_combinations[note] if {
	some note, case in {
		"both": {"before": ["dump", "rotate"], "reasons": {_combined("leak"), _combined("cover")}},
		"the one": {"before": ["dump"], "reasons": {_combined("leak")}},
		"the other": {"before": ["rotate"], "reasons": {_combined("cover")}},
	}
	_holds({
		"with": [_chain([_event(action) | some action in case.before])],
		"to": array.concat(_combining, [
			fixtures.put("/catalog/combinations/cover", {"title": "Cover", "after": "hides", "then": "sends_outside"}),
			fixtures.put("/catalog/actions/database/rotate/labels", {"hides": true}),
		]),
		"reasons": case.reasons,
	})
}

test_chain_malformed[note] if {
	some note, chain in {
		"null": null,
		"text": "c-1",
		"no id": {"history": []},
		"an empty id": {"id": "", "history": []},
		"an event whose action is empty": {"id": "c-1", "history": [{"action": "", "type": "database"}]},
		"an event whose type is empty": {"id": "c-1", "history": [{"action": "dump", "type": ""}]},
		"an id that is no text": {"id": 1, "history": []},
		"no history": {"id": "c-1"},
		"a history that is no list": {"id": "c-1", "history": {"action": "dump", "type": "database"}},
		"an event that is no object": {"id": "c-1", "history": ["dump"]},
		"an event without a type": {"id": "c-1", "history": [{"action": "dump"}]},
		"an event whose action is no text": {"id": "c-1", "history": [{"action": ["dump"], "type": "database"}]},
	}
	request := json.patch(fixtures.ask("query"), [_say("/context/chain", chain)])
	_reasons(request, _combining) == {_retry("chain_malformed")}
	fixtures.decide(request, fixtures.documents).decision == false
}

test_chain_that_nobody_may_assert if {
	request := json.patch(fixtures.ask("query"), [_chain([]), _say("/context/pep", "plain-proxy")])
	_reasons(request, _combining) == {_retry("chain_malformed")}
}
