package authz.gates.mandate_test

import future.keywords.not

test_limits[note] if {
	calls := _at("/limits", {"calls": 5})
	rows := _at("/limits", {"rows": 90})
	some note, case in {
		"none": {"to": [_at("/limits", {})], "reasons": set()},
		"reached with this": {"to": [calls], "reasons": set()},
		"reached before this": {"with": [_say("/context/counters/calls", 5)], "to": [calls], "reasons": {_exceeded("calls")}},
		"passed before": {"with": [_say("/context/counters/calls", 6)], "to": [calls], "reasons": {_exceeded("calls")}},
		"an amount, reached": {"to": [rows], "reasons": set()},
		"an amount, a hair too much": {
			"with": [_say("/action/properties/rows", 10.01)],
			"to": [rows],
			"reasons": {_exceeded("rows")},
		},
		"an amount by itself too much": {
			"with": [_say("/action/properties/rows", 91), _say("/context/counters/rows", 0)],
			"to": [rows],
			"reasons": {_exceeded("rows")},
		},
		"an absurd amount": {"with": [_say("/action/properties/rows", 1e300)], "to": [rows], "reasons": {_uncounted("rows")}},
		"an amount of more digits than are counted": {
			"with": [_say("/action/properties/rows", 1000000000000)],
			"to": [rows],
			"reasons": {_uncounted("rows")},
		},
		"the largest amounts, reached": {
			"with": [
				_say("/action/properties/rows", 0.000001),
				_say("/context/counters/rows", 999999999999.999998),
			],
			"to": [_at("/limits", {"rows": 999999999999.999999})],
			"reasons": set(),
		},
		"the largest amounts, passed by the smallest": {
			"with": [
				_say("/action/properties/rows", 0.000002),
				_say("/context/counters/rows", 999999999999.999998),
			],
			"to": [_at("/limits", {"rows": 999999999999.999999})],
			"reasons": {_exceeded("rows")},
		},
		"less than is counted, when all is used": {
			"with": [
				_say("/action/properties/rows", json.unmarshal("1e-30")),
				_say("/context/counters/rows", 90),
			],
			"to": [rows],
			"reasons": {_uncounted("rows")},
		},
		"a limit that is not countable": {"to": [_at("/limits", {"rows": 1000000000000})], "reasons": {_exceeded("rows")}},
		"pieces of one": {
			"with": [_say("/action/properties/rows", 0.1), _say("/context/counters/rows", 0.2)],
			"to": [_at("/limits", {"rows": 0.3})],
			"reasons": set(),
		},
		"no amount": {"with": [_unsay("/action/properties/rows")], "to": [rows], "reasons": {_uncounted("rows")}},
		"a negative amount": {"with": [_say("/action/properties/rows", -1)], "to": [rows], "reasons": {_uncounted("rows")}},
		"an amount in text": {"with": [_say("/action/properties/rows", "1")], "to": [rows], "reasons": {_uncounted("rows")}},
		"a negative counter": {"with": [_say("/context/counters/calls", -1)], "to": [calls], "reasons": {_uncounted("calls")}},
		"no counter": {"with": [_unsay("/context/counters/calls")], "to": [calls], "reasons": {_uncounted("calls")}},
		"nothing used": {"with": [_say("/context/counters/calls", 0)], "to": [calls], "reasons": set()},
		"each has its own": {
			"to": [_at("/limits", {"calls": 4, "rows": 90, "files": 3})],
			"reasons": {_exceeded("calls"), _uncounted("files")},
		},
		"a limit in text": {"to": [_at("/limits", {"calls": "9"})], "reasons": {_exceeded("calls")}},
		"limits that are none": {"to": [_at("/limits", 9)], "reasons": {_none("constraint_unsupported")}},
	}
	_holds(case)
}
