package authz.gates.mandate_test

import data.testing.fixtures
import future.keywords.not

_ask := object.union(fixtures.ask_as("agent", "scout", "query"), {
	"action": {"name": "query", "properties": {"rows": 10, "table": "orders"}},
	"context": {
		"mandate": "m-1",
		"task": "t-1",
		"tool": "sql",
		"counters": {"calls": 4, "rows": 80},
		"uses": {"a-1": 0},
		"chain": {"id": "c-1", "history": []},
	},
})

# Of `{"rows":10,"table":"orders"}`, reckoned with Python's hashlib.
_digest := "sha-256:19DPckl53JTjnW4-slAx3sA1CTwjHRg-Evb-MBWpoPs"

_other_digest := "sha-256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

_mandate := {
	"system": "bao",
	"subject": "alice",
	"state": "active",
	"not_before": fixtures.now - fixtures.hour,
	"expires_at": fixtures.now + fixtures.hour,
	"tasks": {"t-1": true},
	"authority": {"#query@database:orders-prod": {}},
}

_approval := {"id": "a-1", "approvers": ["carol"], "required": 1, "approved_until": fixtures.now + fixtures.hour}

# The organisation with an agent in it, what it was commissioned to, and who stands above it.
_world := [
	fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
	fixtures.put("/iga/identities/chief", "active|agent|prod|cmdb|carol"),
	fixtures.put("/iga/identities/lead", "active|agent|prod|cmdb|carol"),
	fixtures.put("/iga/grants/scout", {"orders:reader@*": sprintf("app|g-scout|%s|||", [fixtures.seconds.ahead])}),
	fixtures.put("/pam/mandates", {"scout": {"m-1": _mandate}}),
]

_at(path, value) := fixtures.put(concat("", ["/pam/mandates/scout/m-1", path]), value)

_gone(path) := fixtures.drop(concat("", ["/pam/mandates/scout/m-1", path]))

_entry(entry) := _at("/authority", {"#query@database:orders-prod": entry})

_constraint(constraint) := _entry({"constraints": {"rows": constraint}})

_approving(changes) := [
	fixtures.put("/catalog/actions/database/query/mandate", {"approval": true}),
	_at("/approvals", {"t-1": object.union(_approval, changes)}),
]

_say(path, value) := {"op": "add", "path": path, "value": value}

_unsay(path) := {"op": "remove", "path": path}

_none(id) := {"id": sprintf("mandate.%s", [id]), "next_action": "none"}

_request(id) := {"id": sprintf("mandate.%s", [id]), "next_action": "request"}

_retry(id) := {"id": sprintf("mandate.%s", [id]), "next_action": "retry"}

_of(id, next, needs) := {"id": sprintf("mandate.%s", [id]), "next_action": next, "needs": needs}

_violation(name) := _of("parameter_violation", "none", {"parameter": name})

_uncounted(name) := _of("counter_missing", "retry", {"counter": name})

_exceeded(name) := _of("quota_exceeded", "none", {"counter": name})

_holds(case) if {
	fixtures.holds({
		"ask": json.patch(_ask, object.get(case, "with", [])),
		"to": array.concat(_world, object.get(case, "to", [])),
		"reasons": case.reasons,
	})
}

test_who_is_an_agent[note] if {
	some note, case in {
		"a person": {"ask": fixtures.ask("query"), "to": [], "reasons": set()},
		"a service": {"ask": fixtures.ask_as("service_account", "bot", "query"), "to": [], "reasons": set()},
		"an agent without a word of it": {
			"ask": fixtures.ask_as("agent", "scout", "query"),
			"to": _world,
			"reasons": {_request("missing")},
		},
		"an agent that calls itself a person": {
			"ask": fixtures.ask_as("human", "scout", "query"),
			"to": _world,
			"reasons": {_request("missing"), {"id": "identity.type_mismatch", "next_action": "none"}},
		},
		"a person who calls himself an agent": {
			"ask": fixtures.ask_as("agent", "alice", "query"),
			"to": [],
			"reasons": {_request("missing"), {"id": "identity.type_mismatch", "next_action": "none"}},
		},
	}
	fixtures.holds(case)
}

test_mandate[note] if {
	some note, case in {
		"in order": {"reasons": set()},
		"none": {"to": [fixtures.drop("/pam/mandates/scout")], "reasons": {_request("missing")}},
		"another's": {
			"to": [fixtures.drop("/pam/mandates/scout"), fixtures.put("/pam/mandates/chief", {"m-1": _mandate})],
			"reasons": {_request("missing")},
		},
		"another id": {"with": [_say("/context/mandate", "m-2")], "reasons": {_request("missing")}},
		"no text for an id": {"with": [_say("/context/mandate", 1)], "reasons": {_request("missing")}},
		"no object": {"to": [_at("", "m-1")], "reasons": {_request("missing")}},
		"not loaded": {
			"to": [fixtures.drop("/pam/bundle")],
			"reasons": {_retry("unavailable")},
		},
		"revoked state": {"to": [_at("/state", "revoked")], "reasons": {_request("inactive")}},
		"state in another case": {"to": [_at("/state", "Active")], "reasons": {_request("inactive")}},
		"no state": {"to": [_gone("/state")], "reasons": {_request("inactive")}},
		"begins at this instant": {"to": [_at("/not_before", fixtures.now)], "reasons": set()},
		"begins later": {"to": [_at("/not_before", fixtures.now + 1)], "reasons": {_request("inactive")}},
		"never begins": {"to": [_gone("/not_before")], "reasons": {_request("inactive")}},
		"begins at null": {"to": [_at("/not_before", null)], "reasons": {_request("inactive")}},
		"ends later": {"to": [_at("/expires_at", fixtures.now + 1)], "reasons": set()},
		"ends at this instant": {"to": [_at("/expires_at", fixtures.now)], "reasons": {_request("inactive")}},
		"never ends": {"to": [_gone("/expires_at")], "reasons": {_request("inactive")}},
		"ends at a text": {"to": [_at("/expires_at", "9999999999999999999")], "reasons": {_request("inactive")}},
		"its listing ends later": {
			"to": [fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now + 1)],
			"reasons": set(),
		},
		"its listing ends at this instant": {
			"to": [fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now)],
			"reasons": {_retry("stale")},
		},
		"of a system that nobody lists": {"to": [_at("/system", "ghost")], "reasons": {_retry("stale")}},
		"of no system": {"to": [_gone("/system")], "reasons": {_retry("stale")}},
		"no word on approval is needed": {
			"to": [fixtures.put("/catalog/actions/database/query/mandate", {"approval": false})],
			"reasons": set(),
		},
	}
	_holds(case)
}

test_authority[note] if {
	entered := {"#query@database:orders-prod": {}}
	some note, case in {
		"another task": {"with": [_say("/context/task", "t-2")], "reasons": {_request("out_of_task")}},
		"no task": {"with": [_unsay("/context/task")], "reasons": {_request("out_of_task")}},
		"a task that is no text": {"with": [_say("/context/task", 0)], "reasons": {_request("out_of_task")}},
		"no tasks": {"to": [_gone("/tasks")], "reasons": {_request("out_of_task")}},
		"tasks, in a way": {"to": [_at("/tasks", {"t-1": 1})], "reasons": {_request("out_of_task")}},
		"on everything": {"to": [_at("/authority", {"#query@*": {}})], "reasons": set()},
		"on the parent": {"to": [_at("/authority", {"#query@account:prod": {}})], "reasons": set()},
		"on another": {"to": [_at("/authority", {"#query@database:hr": {}})], "reasons": {_request("out_of_authority")}},
		"for another action": {
			"to": [_at("/authority", {"#dump@database:orders-prod": {}})],
			"reasons": {_request("out_of_authority")},
		},
		"for an entitlement": {"to": [_at("/authority", {"orders:reader@*": {}})], "reasons": {_request("out_of_authority")}},
		"for nothing": {"to": [_at("/authority", {})], "reasons": {_request("out_of_authority")}},
		"not said": {"to": [_gone("/authority")], "reasons": {_request("out_of_authority")}},
		"no object": {"to": [_entry(true)], "reasons": {_request("out_of_authority")}},
		"a word that nobody knows": {"to": [_entry({"color": "red"})], "reasons": set()},
		"with the tool": {"to": [_entry({"tools": {"sql": true}})], "reasons": set()},
		"with another tool": {"to": [_entry({"tools": {"mail": true}})], "reasons": {_none("tool_not_permitted")}},
		"with no tool": {"to": [_entry({"tools": {}})], "reasons": {_none("tool_not_permitted")}},
		"with tools in a list": {
			"with": [_say("/context/tool", 0)],
			"to": [_entry({"tools": [true]})],
			"reasons": {_none("tool_not_permitted")},
		},
		"without a tool, where one is asked": {
			"with": [_unsay("/context/tool")],
			"to": [_entry({"tools": {"sql": true}})],
			"reasons": {_none("tool_not_permitted")},
		},
		"without a tool, where none is asked": {"with": [_unsay("/context/tool")], "reasons": set()},
		"with these parameters": {"to": [_entry({"parameters": _digest})], "reasons": set()},
		"with other parameters": {"to": [_entry({"parameters": _other_digest})], "reasons": {_request("parameters_changed")}},
		"with no readable digest": {"to": [_entry({"parameters": null})], "reasons": {_request("parameters_changed")}},
		"with constraints that are none": {
			"to": [_entry({"constraints": 5})],
			"reasons": {_none("constraint_unsupported")},
		},
		"of two, one will do": {
			"to": [_at("/authority", object.union(entered, {"#query@*": {"tools": {"mail": true}}}))],
			"reasons": set(),
		},
		"of two, each lacks something else": {
			"to": [_at("/authority", {
				"#query@*": {"tools": {"mail": true}},
				"#query@account:prod": {"constraints": {"rows": {"max": 9}}, "parameters": _other_digest},
			})],
			"reasons": {_none("tool_not_permitted"), _violation("rows"), _request("parameters_changed")},
		},
		"parts of two are no whole": {
			"to": [_at("/authority", {
				"#query@*": {"tools": {"sql": true}, "constraints": {"rows": {"max": 9}}},
				"#query@account:prod": {"tools": {"mail": true}, "constraints": {"rows": {"max": 10}}},
			})],
			"reasons": {_none("tool_not_permitted"), _violation("rows")},
		},
	}
	_holds(case)
}

test_constraint[note] if {
	rows := "/action/properties/rows"
	some note, case in {
		"as much as may be": {"to": [_constraint({"max": 10})], "reasons": set()},
		"more than may be": {"to": [_constraint({"max": 9})], "reasons": {_violation("rows")}},
		"a hair more than may be": {
			"with": [_say(rows, 10.000001)],
			"to": [_constraint({"max": 10})],
			"reasons": {_violation("rows")},
		},
		"as little as may be": {"to": [_constraint({"min": 10})], "reasons": set()},
		"less than may be": {"to": [_constraint({"min": 11})], "reasons": {_violation("rows")}},
		"between": {"to": [_constraint({"min": 9, "max": 11})], "reasons": set()},
		"equal": {"to": [_constraint({"equals": 10})], "reasons": set()},
		"not equal": {"to": [_constraint({"equals": "10"})], "reasons": {_violation("rows")}},
		"one of": {"to": [_constraint({"one_of": [1, 10]})], "reasons": set()},
		"none of": {"to": [_constraint({"one_of": [1, "10"]})], "reasons": {_violation("rows")}},
		"one of what is no list": {"to": [_constraint({"one_of": {"a": 10}})], "reasons": {_violation("rows")}},
		"text for a number, max": {"with": [_say(rows, "1")], "to": [_constraint({"max": 10})], "reasons": {_violation("rows")}},
		"text for a number, min": {"with": [_say(rows, "99")], "to": [_constraint({"min": 10})], "reasons": {_violation("rows")}},
		"not a number, min": {"with": [_say(rows, "NaN")], "to": [_constraint({"min": 10})], "reasons": {_violation("rows")}},
		"null for a number": {"with": [_say(rows, null)], "to": [_constraint({"max": 10})], "reasons": {_violation("rows")}},
		"a list for a number": {"with": [_say(rows, [1])], "to": [_constraint({"max": 10})], "reasons": {_violation("rows")}},
		"text for a bound": {"to": [_constraint({"max": "99"})], "reasons": {_violation("rows")}},
		"of more digits than are counted": {
			"with": [_say(rows, 1000000000000)],
			"to": [_constraint({"one_of": [1000000000000, 10]})],
			"reasons": {_violation("rows")},
		},
		"of as many digits as are counted": {
			"with": [_say(rows, 999999999999.999999)],
			"to": [_constraint({"min": 10, "equals": 999999999999.999999})],
			"reasons": set(),
		},
		"of seven digits after the point": {
			"with": [_say(rows, 10.0000001)],
			"to": [_constraint({"min": 10})],
			"reasons": {_violation("rows")},
		},
		"with an exponent": {
			"with": [_say(rows, json.unmarshal("2e1"))],
			"to": [_constraint({"equals": 20})],
			"reasons": {_violation("rows")},
		},
		"not countable, and it may be absent": {
			"with": [_say(rows, 1000000000000)],
			"to": [_constraint({"min": 1, "required": false})],
			"reasons": {_violation("rows")},
		},
		"not countable, and anything may be": {
			"with": [_say(rows, 1000000000000)],
			"to": [_constraint({"required": true})],
			"reasons": set(),
		},
		"a list that is equal": {
			"with": [_say(rows, [10])],
			"to": [_constraint({"equals": [10]})],
			"reasons": {_violation("rows")},
		},
		"an object that is one of": {
			"with": [_say(rows, {"a": 10})],
			"to": [_constraint({"one_of": [{"a": 10}]})],
			"reasons": {_violation("rows")},
		},
		"absent": {"with": [_unsay(rows)], "to": [_constraint({"max": 10})], "reasons": {_violation("rows")}},
		"absent, and required": {
			"with": [_unsay(rows)],
			"to": [_constraint({"required": true})],
			"reasons": {_violation("rows")},
		},
		"absent, and it may be": {
			"with": [_unsay(rows)],
			"to": [_constraint({"max": 10, "required": false})],
			"reasons": set(),
		},
		"no parameters, and none needed": {
			"with": [_unsay("/action/properties")],
			"to": [_constraint({"required": false})],
			"reasons": set(),
		},
		"no parameters": {
			"with": [_unsay("/action/properties")],
			"to": [_constraint({"max": 10})],
			"reasons": {_violation("rows")},
		},
		"present, and it may be absent": {
			"to": [_constraint({"max": 9, "required": false})],
			"reasons": {_violation("rows")},
		},
		"any value": {"to": [_constraint({"required": true})], "reasons": set()},
		"false is a value": {"with": [_say(rows, false)], "to": [_constraint({"required": true})], "reasons": set()},
		"required, in a way": {"to": [_constraint({"required": "no"})], "reasons": {_violation("rows")}},
		"no operator": {"to": [_constraint({})], "reasons": set()},
		"unknown operator": {"to": [_constraint({"max": 10, "matches": "."})], "reasons": {_none("constraint_unsupported")}},
		"unknown operator on what is absent": {
			"with": [_unsay(rows)],
			"to": [_constraint({"required": false, "matches": "."})],
			"reasons": {_none("constraint_unsupported")},
		},
		"no object": {"to": [_constraint(10)], "reasons": {_none("constraint_unsupported")}},
	}
	_holds(case)
}

# What the request gate says of these, it says alone; asked of the gate itself, for whom it does not let by.
test_asserted[note] if {
	some note, case in {
		"as it should": {"with": [], "pep": "db-proxy", "reasons": set()},
		"no chain": {"with": [_unsay("/context/chain")], "pep": "db-proxy", "reasons": {_retry("chain_missing")}},
		"a chain without an id": {
			"with": [_unsay("/context/chain/id")],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a chain whose id is no text": {
			"with": [_say("/context/chain/id", 1)],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a chain without a history": {
			"with": [_unsay("/context/chain/history")],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a chain whose history is no list": {
			"with": [_say("/context/chain/history", {})],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a chain with half an event": {
			"with": [_say("/context/chain/history", [{"action": "query"}])],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a chain with an event of numbers": {
			"with": [_say("/context/chain/history", [{"action": 1, "type": "database"}])],
			"pep": "db-proxy",
			"reasons": {_retry("chain_missing")},
		},
		"a counter in text": {
			"with": [_say("/context/counters/calls", "0")],
			"pep": "db-proxy",
			"reasons": {_uncounted("calls")},
		},
		"no counters": {"with": [_say("/context/counters", [0])], "pep": "db-proxy", "reasons": {_uncounted("calls")}},
		"uses in text": {"with": [_say("/context/uses/a-1", "0")], "pep": "db-proxy", "reasons": {_uncounted("a-1")}},
		"no uses": {"with": [_say("/context/uses", 0)], "pep": "db-proxy", "reasons": {_uncounted("a-1")}},
		"parameters that are none": {
			"with": [_say("/action/properties", "rows")],
			"pep": "db-proxy",
			"reasons": {_request("parameters_changed")},
		},
		"from one who may assert nothing": {
			"with": [],
			"pep": "plain-proxy",
			"reasons": {_retry("chain_missing"), _uncounted("calls"), _uncounted("a-1")},
		},
	}
	documents := json.patch(fixtures.documents, array.flatten([
		_world,
		_approving({"max_uses": 1, "parameters": _digest}),
		_at("/limits", {"calls": 5}),
	]))
	request := json.patch(_ask, array.concat(case["with"], [_say("/context/pep", case.pep)]))
	reasons := data.authz.gates.mandate.reasons with input as request
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as fixtures.now
	reasons == case.reasons
}

_answer(changes) := fixtures.answer({"ask": _ask, "to": array.concat(_world, changes)})

test_answer if {
	answer := _answer(array.concat(
		_approving({}),
		_ancestry(_chief({}), _lead({})),
	))
	answer.decision == true
	{"id": "reevaluate", "type": "reevaluate", "properties": {"chain": "c-1", "before": "next_action"}} in answer.context.obligations
	answer.context.evidence.mandate == {
		"id": "m-1",
		"principal": "alice",
		"task": "t-1",
		"chain": "c-1",
		"ancestors": ["m-c", "m-l"],
		"grant": "g-alice",
		"approval": "a-1",
		"source": "bao",
		"snapshot": "bao-12",
	}
}

# Only of what is counted, whoever counts is told.
test_use_of_an_approval[note] if {
	use := {"id": "notify:use", "type": "notify", "properties": {"event": "use", "approval": "a-1"}}
	some note, case in {
		"counted": {"changes": _approving({"max_uses": 1}), "obligations": {use}},
		"not counted": {"changes": _approving({}), "obligations": set()},
		"not asked for": {
			"changes": [_at("/approvals", {"t-1": object.union(_approval, {"max_uses": 1})})],
			"obligations": set(),
		},
	}
	answer := _answer(case.changes)
	answer.decision == true
	{obligation | some obligation in answer.context.obligations; obligation.type == "notify"} == case.obligations
}

test_answer_without_approval if _answer([]).context.evidence.mandate.approval == ""

test_answer_of_a_listing_without_an_id if {
	_answer([fixtures.drop("/pam/snapshots/bao/id")]).context.evidence.mandate.snapshot == ""
}

# Whatever ends first, ends the answer.
test_until[note] if {
	soon := fixtures.now + 1
	some note, changes in {
		"the mandate": [_at("/expires_at", soon)],
		"its listing": [fixtures.put("/pam/snapshots/bao/expires_at", soon)],
		"a mandate above": _ancestry(_chief({"expires_at": soon}), _lead({})),
		"the listing of an agent above": array.concat(_ancestry(_chief({}), _lead({})), [
			fixtures.put("/iga/identities/lead", "active|agent|prod|erp|carol"),
			fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": soon})),
		]),
		"an agent above": array.concat(_ancestry(_chief({}), _lead({})), [_revoke("lead", soon)]),
		"the approval": _approving({"approved_until": soon}),
		"who approved": array.concat(_approving({"approvers": ["bound"]}), [_revoke("bound", soon)]),
		"one of two who must": array.concat(_approving({"approvers": ["carol", "bound"], "required": 2}), [_revoke("bound", soon)]),
		"the person": [_revoke("alice", soon)],
		"the listing of the person": [
			fixtures.put("/iga/identities/alice", "active|human||erp|"),
			fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": soon})),
		],
		"the listing of his grant": [
			fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("erp|g|%s|||", [fixtures.seconds.ahead])}),
			fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": soon})),
		],
	}
	_answer(changes).context.valid_until == "2027-01-15T08:00:00.000000001Z"
}

test_until_who_approved_and_need_not_have if {
	changes := array.concat(_approving({"approvers": ["carol", "bound"]}), [_revoke("bound", fixtures.now + 1)])
	_answer(changes).context.valid_until == "2027-01-15T08:59:59Z" # of the revocations
}

_revoke(id, from) := fixtures.put(sprintf("/revocations/subjects/%s", [id]), {"from": from})

test_until_the_grant_of_the_person if {
	leaf := sprintf("hr|g|%s|||", [fixtures.seconds.next])
	_answer([fixtures.put("/iga/grants/alice", {"orders:dba@*": leaf})]).context.valid_until == "2027-01-15T08:00:01Z"
}

test_until_an_approval_that_nobody_asked_for if {
	changes := [_at("/approvals", {"t-1": object.union(_approval, {"approved_until": fixtures.now + 1})})]
	_answer(changes).context.valid_until == "2027-01-15T08:59:59Z" # of the revocations
}
