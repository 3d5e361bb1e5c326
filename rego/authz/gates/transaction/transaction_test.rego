package authz.gates.transaction_test

import data.testing.fixtures
import future.keywords.not

_none(id) := {"id": sprintf("transaction.%s", [id]), "next_action": "none"}

_retry(id) := {"id": sprintf("transaction.%s", [id]), "next_action": "retry"}

_of(id, next, needs) := {"id": sprintf("transaction.%s", [id]), "next_action": next, "needs": needs}

_violation(name) := _of("parameter_violation", "none", {"parameter": name})

_unmet(name) := _of("condition_unmet", "retry", {"condition": name})

_uncounted(name) := _of("counter_missing", "retry", {"counter": name})

_exceeded(name) := _of("quota_exceeded", "none", {"counter": name})

_frozen(name) := _of("change_freeze", "retry", {"freeze": name})

_entangled(name) := _of("separation_of_duties", "none", {"subject": name})

_combined(name) := _of("combination_denied", "none", {"combination": name})

_unconfirmed(persons) := _of("confirmation_missing", "retry", {"persons": persons})

_at(path, value) := fixtures.put(concat("", ["/catalog/actions/database/query", path]), value)

_limit(name, limit) := _at("/limits", {name: limit})

_say(path, value) := {"op": "add", "path": path, "value": value}

_unsay(path) := {"op": "remove", "path": path}

_holds(case) if {
	fixtures.holds({
		"ask": json.patch(fixtures.ask("query"), object.get(case, "with", [])),
		"to": object.get(case, "to", []),
		"at": object.get(case, "at", fixtures.now),
		"reasons": case.reasons,
	})
}

# Asked of the gate itself, whatever the request gate says of the request.
_reasons(request, changes) := reasons if {
	documents := json.patch(fixtures.documents, changes)
	reasons := data.authz.gates.transaction.reasons with input as request
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as fixtures.now
}

test_environment[note] if {
	some note, case in {
		"of the resource": {"to": [_standing("prod")], "reasons": set()},
		"of another": {"to": [_standing("staging")], "reasons": {_none("environment_mismatch")}},
		"in another case": {"to": [_standing("Prod")], "reasons": {_none("environment_mismatch")}},
		"none": {"to": [], "reasons": set()},
		"unreadable": {"to": [_standing(null)], "reasons": {_none("environment_mismatch")}},
		"of the application": {
			"to": [_standing("prod"), fixtures.drop("/catalog/resources/database:orders-prod/environment")],
			"reasons": set(),
		},
		"the resource is nowhere": {
			"to": [
				_standing("prod"),
				fixtures.drop("/catalog/resources/database:orders-prod/environment"),
				fixtures.drop("/catalog/applications/orders/environment"),
			],
			"reasons": {_none("environment_mismatch")},
		},
	}
	_holds(case)
}

_standing(environment) := fixtures.put("/trust/peps/db-proxy/environment", environment)

test_parameters[note] if {
	amount := _limit("parameters", {"amount": {"max": 100}})
	some note, case in {
		"as much as may be": {"with": [_say("/action/properties", {"amount": 100})], "to": [amount], "reasons": set()},
		"more than may be": {
			"with": [_say("/action/properties", {"amount": 100.5})],
			"to": [amount],
			"reasons": {_violation("amount")},
		},
		"text": {"with": [_say("/action/properties", {"amount": "1"})], "to": [amount], "reasons": {_violation("amount")}},
		"none": {"to": [amount], "reasons": {_violation("amount")}},
		"each on its own": {
			"with": [_say("/action/properties", {"amount": 101, "currency": "EUR"})],
			"to": [_limit("parameters", {"amount": {"max": 100}, "currency": {"one_of": ["EUR"]}, "note": {"required": false}})],
			"reasons": {_violation("amount")},
		},
		"unknown operator": {
			"with": [_say("/action/properties", {"amount": 1})],
			"to": [_limit("parameters", {"amount": {"below": 100}})],
			"reasons": {_none("constraint_unsupported")},
		},
		"limits that are none": {"to": [_limit("parameters", [])], "reasons": {_none("constraint_unsupported")}},
		"no object of limits": {"to": [_at("/limits", "none")], "reasons": {_none("constraint_unsupported")}},
		"no limits": {"to": [_at("/limits", {})], "reasons": set()},
	}
	_holds(case)
}

test_parameters_that_are_none if {
	request := json.patch(fixtures.ask("query"), [_say("/action/properties", 7)])
	limits := _limit("parameters", {"amount": {"required": false}})
	fixtures.answer({"ask": request, "to": [limits]}).decision == false
}

test_conditions[note] if {
	managed := _limit("conditions", {"managed": {"equals": true}, "network": {"one_of": ["office", "vpn"]}})
	some note, case in {
		"met": {
			"with": [_say("/context/conditions", {"managed": true, "network": "vpn"})],
			"to": [managed],
			"reasons": set(),
		},
		"one is not": {
			"with": [_say("/context/conditions", {"managed": false, "network": "vpn"})],
			"to": [managed],
			"reasons": {_unmet("managed")},
		},
		"in text": {
			"with": [_say("/context/conditions", {"managed": "true", "network": "vpn"})],
			"to": [managed],
			"reasons": {_unmet("managed")},
		},
		"none": {"to": [managed], "reasons": {_unmet("managed"), _unmet("network")}},
		"a number that is not countable": {
			"with": [_say("/context/conditions", {"score": 1000000000000})],
			"to": [_limit("conditions", {"score": {"min": 1}})],
			"reasons": {_unmet("score")},
		},
		"none, and none needed": {"to": [_limit("conditions", {"managed": {"required": false}})], "reasons": set()},
		"unknown operator": {
			"with": [_say("/context/conditions", {"managed": true})],
			"to": [_limit("conditions", {"managed": {"is": true}})],
			"reasons": {_none("constraint_unsupported")},
		},
		"limits that are none": {"to": [_limit("conditions", true)], "reasons": {_none("constraint_unsupported")}},
	}
	_holds(case)
}

test_conditions_that_nobody_may_assert if {
	request := json.patch(fixtures.ask("query"), [
		_say("/context/conditions", {"managed": true}),
		_say("/context/pep", "plain-proxy"),
	])
	_reasons(request, [_limit("conditions", {"managed": {"equals": true}})]) == {_unmet("managed")}
}

test_counters[note] if {
	calls := _limit("counters", {"calls": 5})
	amount := _limit("counters", {"amount": 100})
	some note, case in {
		"reached with this": {"with": [_used({"calls": 4})], "to": [calls], "reasons": set()},
		"reached before this": {"with": [_used({"calls": 5})], "to": [calls], "reasons": {_exceeded("calls")}},
		"none": {"to": [calls], "reasons": {_uncounted("calls")}},
		"negative": {"with": [_used({"calls": -1})], "to": [calls], "reasons": {_uncounted("calls")}},
		"an amount, reached with this": {
			"with": [_used({"amount": 60}), _say("/action/properties", {"amount": 40})],
			"to": [amount],
			"reasons": set(),
		},
		"an amount, passed with this": {
			"with": [_used({"amount": 60}), _say("/action/properties", {"amount": 41})],
			"to": [amount],
			"reasons": {_exceeded("amount")},
		},
		"an amount that takes back": {
			"with": [_used({"amount": 60}), _say("/action/properties", {"amount": -40})],
			"to": [amount],
			"reasons": {_uncounted("amount")},
		},
		"limits that are none": {"to": [_limit("counters", 5)], "reasons": {_none("constraint_unsupported")}},
		"text": {"with": [_used({"calls": "4"})], "to": [calls], "reasons": {_uncounted("calls")}},
		"null": {"with": [_used({"calls": null})], "to": [calls], "reasons": {_uncounted("calls")}},
		"another's": {"with": [_used({"Calls": 4})], "to": [calls], "reasons": {_uncounted("calls")}},
		"a little too much": {"with": [_used({"calls": 4.000001})], "to": [calls], "reasons": {_exceeded("calls")}},
		"too little to be counted": {"with": [_used({"calls": 4.0000001})], "to": [calls], "reasons": {_uncounted("calls")}},
		"an absurd number": {"with": [_used({"calls": 1e308})], "to": [calls], "reasons": {_uncounted("calls")}},
		"an amount in text": {
			"with": [_used({"amount": 0}), _say("/action/properties", {"amount": "40"})],
			"to": [amount],
			"reasons": {_uncounted("amount")},
		},
		"an amount of an absurd size": {
			"with": [_used({"amount": 0}), _say("/action/properties", {"amount": 1e308})],
			"to": [amount],
			"reasons": {_uncounted("amount")},
		},
		"a limit in text": {"with": [_used({"calls": 0})], "to": [_limit("counters", {"calls": "5"})], "reasons": {_exceeded("calls")}},
		"one of two": {
			"with": [_used({"calls": 4, "amount": 100}), _say("/action/properties", {"amount": 1})],
			"to": [_limit("counters", {"calls": 5, "amount": 100})],
			"reasons": {_exceeded("amount")},
		},
	}
	_holds(case)
}

test_counters_that_are_none[note] if {
	some note, counters in {"a list": [4], "text": "4", "null": null}
	_reasons(json.patch(fixtures.ask("query"), [_used(counters)]), [_limit("counters", {"calls": 5})]) == {_uncounted("calls")}
}

test_counters_that_nobody_may_assert if {
	request := json.patch(fixtures.ask("query"), [_used({"calls": 0}), _say("/context/pep", "plain-proxy")])
	_reasons(request, [_limit("counters", {"calls": 5})]) == {_uncounted("calls")}
}

_used(counters) := _say("/context/counters", counters)

test_ticket[note] if {
	change := _limit("ticket", "CHG-[0-9]+")
	some note, case in {
		"as asked": {"to": [change], "reasons": set()},
		"none": {"with": [_unsay("/context/ticket")], "to": [change], "reasons": {_retry("ticket_invalid")}},
		"more than asked": {
			"with": [_say("/context/ticket", "CHG-1 ")],
			"to": [change],
			"reasons": {_retry("ticket_invalid")},
		},
		"on a line of its own": {
			"with": [_say("/context/ticket", "CHG-1\nINC-1")],
			"to": [change],
			"reasons": {_retry("ticket_invalid")},
		},
		"with a line after it": {
			"with": [_say("/context/ticket", "CHG-1\n")],
			"to": [change],
			"reasons": {_retry("ticket_invalid")},
		},
		"with something before it": {
			"with": [_say("/context/ticket", "XCHG-1")],
			"to": [change],
			"reasons": {_retry("ticket_invalid")},
		},
		"in another case": {
			"with": [_say("/context/ticket", "chg-1")],
			"to": [change],
			"reasons": {_retry("ticket_invalid")},
		},
		"no text": {"with": [_say("/context/ticket", 1)], "to": [_limit("ticket", "1")], "reasons": {_retry("ticket_invalid")}},
		"one or the other": {
			"with": [_say("/context/ticket", "INC-1 and more")],
			"to": [_limit("ticket", "CHG-1|INC-1")],
			"reasons": {_retry("ticket_invalid")},
		},
		"no expression": {"to": [_limit("ticket", 1)], "reasons": {_retry("ticket_invalid")}},
		"no sound expression": {"to": [_limit("ticket", "CHG-1)|(?:.*")], "reasons": {_retry("ticket_invalid")}},
		"sound by itself alone": {"to": [_limit("ticket", `\QCHG-1`)], "reasons": {_retry("ticket_invalid")}},
	}
	_holds(case)
}

_answer(changes, documents) := fixtures.answer({"ask": json.patch(fixtures.ask("query"), changes), "to": documents})

test_obligations[note] if {
	masking := {"id": "mask_fields", "type": "mask_fields", "properties": {"fields": ["iban"]}}
	stepping_up := {"id": "step_up", "type": "step_up", "properties": {}}
	some note, case in {
		"none": {"to": [], "obligations": []},
		"mask": {"to": [_at("/mask_fields", ["iban"])], "obligations": [masking]},
		"step up": {"to": [_at("/step_up", true)], "obligations": [stepping_up]},
		"no step up": {"to": [_at("/step_up", false)], "obligations": []},
		"both": {"to": [_at("/mask_fields", ["iban"]), _at("/step_up", true)], "obligations": [masking, stepping_up]},
	}
	_answer([], case.to).context.obligations == case.obligations
}

test_verdict if {
	request := json.patch(fixtures.ask("query"), [
		_used({"calls": 0}),
		_said(["carol", "dora"]),
		_past([]),
		_chain([]),
		_say("/context/conditions", {"managed": true}),
		_say("/action/properties", {"amount": 1}),
	])
	documents := json.patch(fixtures.documents, [_at("/limits", {
		"counters": {"calls": 1},
		"persons": 2,
		"separation": ["create"],
		"conditions": {"managed": {"equals": true}},
		"parameters": {"amount": {"max": 1}},
		"ticket": ".*",
	})])
	verdict := data.authz.gates.transaction.verdict with input as request
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as fixtures.now
	verdict == {
		"pass": true,
		"until": 9223372036854775807,
		"obligations": [],
		"store": false,
		"depends_on": [
			"action.properties",
			"context.chain",
			"context.conditions",
			"context.confirmations",
			"context.counters",
			"context.history",
			"context.ticket",
		],
		"evidence": {"chain": "c-1", "ticket": "CHG-1", "confirmations": ["carol"]},
	}
}
