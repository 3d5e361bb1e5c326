package authz.gates.transaction_test

import data.testing.fixtures
import future.keywords.not

test_separation[note] if {
	created := _limit("separation", ["create", "amend"])
	some note, case in {
		"nothing was done": {"with": [_past([])], "to": [created], "reasons": set()},
		"by another": {"with": [_past([_did("create", "carol")])], "to": [created], "reasons": set()},
		"by himself": {"with": [_past([_did("create", "alice")])], "to": [created], "reasons": {_entangled("alice")}},
		"by himself, the second time": {
			"with": [_past([_did("create", "carol"), _did("amend", "alice")])],
			"to": [created],
			"reasons": {_entangled("alice")},
		},
		"by himself, something else": {"with": [_past([_did("read", "alice")])], "to": [created], "reasons": set()},
		"by his service": {
			"with": [_past([_did("create", "bot")])],
			"to": [created, fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|carol,alice")],
			"reasons": {_entangled("bot")},
		},
		"by another's service": {"with": [_past([_did("create", "bot")])], "to": [created], "reasons": set()},
		"by whom nobody knows": {"with": [_past([_did("create", "zed")])], "to": [created], "reasons": {_none("separation_of_duties")}},
		"by himself, in another case": {
			"with": [_past([_did("create", "Alice")])],
			"to": [created],
			"reasons": {_none("separation_of_duties")},
		},
		"by whom nobody knows, something else": {"with": [_past([_did("read", "zed")])], "to": [created], "reasons": set()},
		"by an agent that acts for him": {
			"with": [_past([_did("create", "scout")])],
			"to": array.concat([created], _scout("alice")),
			"reasons": {_entangled("scout")},
		},
		"by an agent that acts for another": {
			"with": [_past([_did("create", "scout")])],
			"to": array.concat([created], _scout("bound")),
			"reasons": set(),
		},
		"no history": {"to": [created], "reasons": {_retry("history_missing")}},
		"limits that are none": {
			"with": [_past([])],
			"to": [_limit("separation", "create")],
			"reasons": {_none("constraint_unsupported")},
		},
	}
	_holds(case)
}

# Carol's agent, which has two mandates: one for this person, and one for bound.
_scout(person) := [
	fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
	fixtures.put("/pam/mandates/scout", {"m-1": {"subject": "bound"}, "m-2": {"subject": person}}),
]

_did(action, subject) := {"action": action, "subject": subject}

_past(history) := _say("/context/history", history)

test_separation_of_a_service[note] if {
	created := _limit("separation", ["create"])
	some note, case in {
		"by its owner": {"by": "carol", "reasons": {_entangled("carol")}},
		"by itself": {"by": "bot", "reasons": {_entangled("bot")}},
		"by another service of its owner": {"by": "bot-2", "reasons": {_entangled("bot-2")}},
		"by another": {"by": "alice", "reasons": set()},
	}
	fixtures.holds({
		"ask": json.patch(fixtures.ask_as("service_account", "bot", "query"), [_past([_did("create", case.by)])]),
		"to": [created, fixtures.put("/iga/identities/bot-2", "active|service_account|prod|cmdb|carol")],
		"reasons": case.reasons,
	})
}

# The agent is carol's, and acts for alice.
test_separation_of_an_agent[note] if {
	some note, case in {
		"by whom it acts for": {"by": "alice", "reasons": {_entangled("alice")}},
		"by whose it is": {"by": "carol", "reasons": {_entangled("carol")}},
		"by the service of whom it acts for": {"by": "bot", "reasons": {_entangled("bot")}},
		"by another": {"by": "bound", "reasons": set()},
		"by another agent of whom it acts for": {"by": "chief", "reasons": {_entangled("chief")}},
		"by whom nobody knows": {"by": "zed", "reasons": {_none("separation_of_duties")}},
	}
	request := json.patch(fixtures.ask_as("agent", "scout", "query"), [
		_past([_did("create", case.by)]),
		_say("/context/mandate", "m-1"),
	])
	_reasons(request, [
		_limit("separation", ["create"]),
		fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
		fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|alice"),
		fixtures.put("/iga/identities/chief", "active|agent|prod|cmdb|bound"),
		fixtures.put("/pam/mandates/scout", {"m-1": {"subject": "alice"}}),
		fixtures.put("/pam/mandates/chief", {"m-9": {"subject": "alice"}}),
	]) == case.reasons
}

test_history_malformed[note] if {
	some note, history in {
		"no list": {"action": "create", "subject": "carol"},
		"no object": ["create"],
		"no subject": [{"action": "create"}],
		"an empty subject": [{"action": "create", "subject": ""}],
		"an empty action": [{"action": "", "subject": "carol"}],
		"no action": [{"subject": "carol"}],
		"a subject that is no text": [{"action": "create", "subject": ["carol"]}],
	}
	request := json.patch(fixtures.ask("query"), [_past(history)])
	_reasons(request, [_limit("separation", ["create"])]) == {_retry("history_missing")}
}

test_history_that_nobody_may_assert if {
	request := json.patch(fixtures.ask("query"), [_past([]), _say("/context/pep", "plain-proxy")])
	_reasons(request, [_limit("separation", ["create"])]) == {_retry("history_missing")}
}

test_persons[note] if {
	two := _limit("persons", 2)
	three := _limit("persons", 3)
	some note, case in {
		"one more": {"with": [_said(["carol"])], "to": [two], "reasons": set()},
		"nobody more": {"with": [_said([])], "to": [two], "reasons": {_unconfirmed(2)}},
		"nobody says": {"to": [two], "reasons": {_unconfirmed(2)}},
		"himself": {"with": [_said(["alice"])], "to": [two], "reasons": {_unconfirmed(2)}},
		"his service": {"with": [_said(["bot"])], "to": [two], "reasons": {_unconfirmed(2)}},
		"who has left": {"with": [_said(["dora"])], "to": [two], "reasons": {_unconfirmed(2)}},
		"whom nobody knows": {"with": [_said(["zed"])], "to": [two], "reasons": {_unconfirmed(2)}},
		"two more": {"with": [_said(["carol", "bound"])], "to": [three], "reasons": set()},
		"one more twice": {"with": [_said(["carol", "carol"])], "to": [three], "reasons": {_unconfirmed(3)}},
		"as many as nobody says": {
			"with": [_said(["carol", "bound"])],
			"to": [_limit("persons", "2")],
			"reasons": {_unconfirmed("2")},
		},
	}
	_holds(case)
}

_said(names) := _say("/context/confirmations", names)

test_persons_beside_a_service[note] if {
	two := _limit("persons", 2)
	some note, case in {
		"two": {"by": ["alice", "bound"], "reasons": set()},
		"one": {"by": ["alice"], "reasons": {_unconfirmed(2)}},
		"one and its owner": {"by": ["alice", "carol"], "reasons": {_unconfirmed(2)}},
	}
	fixtures.holds({
		"ask": json.patch(fixtures.ask_as("service_account", "bot", "query"), [_said(case.by)]),
		"to": [two],
		"reasons": case.reasons,
	})
}

test_confirmations_malformed[note] if {
	some note, names in {"no list": {"carol": "carol"}, "no text": ["carol", 1], "an empty text": ["carol", ""]}
	request := json.patch(fixtures.ask("query"), [_said(names)])
	_reasons(request, [_limit("persons", 2)]) == {_unconfirmed(2)}
}

test_confirmations_that_nobody_may_assert if {
	request := json.patch(fixtures.ask("query"), [_said(["carol"]), _say("/context/pep", "plain-proxy")])
	_reasons(request, [_limit("persons", 2)]) == {_unconfirmed(2)}
}
