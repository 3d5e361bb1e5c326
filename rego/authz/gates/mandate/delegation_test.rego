package authz.gates.mandate_test

import data.testing.fixtures
import future.keywords.not

# A chain of two: chief was commissioned by alice, lead had it from chief, and scout from lead.
_chief(changes) := _derived({"max_depth": 2, "delegates": {"lead": true}}, changes)

_lead(changes) := _derived({"max_depth": 1, "delegates": {"scout": true}}, changes)

# Changes take the place of what was there; a union would merge them into it.
_derived(delegation, changes) := object.union(object.remove(whole, object.keys(changes)), changes) if {
	whole := object.union(_mandate, {"delegation": delegation})
}

_ancestry(chief, lead) := [
	fixtures.put("/pam/mandates/chief", {"m-c": chief}),
	fixtures.put("/pam/mandates/lead", {"m-l": lead}),
	_at("/ancestors", [{"agent": "chief", "id": "m-c"}, {"agent": "lead", "id": "m-l"}]),
]

test_ancestors[note] if {
	outside := _of("ancestor_authority", "none", {"mandate": "m-c"})
	exceeded := _of("delegation_exceeded", "none", {"mandate": "m-c"})
	other := fixtures.put("/iga/grants/bound", {"orders:dba@*": sprintf("hr|g-b|%s|||", [fixtures.seconds.ahead])})
	some note, case in {
		"none": {"to": [_at("/ancestors", [])], "reasons": set()},
		"no list": {"to": [_at("/ancestors", {})], "reasons": {_none("ancestor_inactive")}},
		"of nobody": {"to": [_at("/ancestors", [null])], "reasons": {_none("ancestor_inactive")}},
		"in order": {"to": _ancestry(_chief({}), _lead({})), "reasons": set()},
		"deeper than needed": {
			"to": _ancestry(_chief({"delegation": {"max_depth": 9, "delegates": {"lead": true}}}), _lead({})),
			"reasons": set(),
		},
		"one level too deep": {
			"to": _ancestry(_chief({"delegation": {"max_depth": 1, "delegates": {"lead": true}}}), _lead({})),
			"reasons": {exceeded},
		},
		"the last passes on nothing": {
			"to": _ancestry(_chief({}), _lead({"delegation": {"max_depth": 0, "delegates": {"scout": true}}})),
			"reasons": {_of("delegation_exceeded", "none", {"mandate": "m-l"})},
		},
		"depth in text": {
			"to": _ancestry(_chief({"delegation": {"max_depth": "9", "delegates": {"lead": true}}}), _lead({})),
			"reasons": {exceeded},
		},
		"to another agent": {
			"to": _ancestry(_chief({"delegation": {"max_depth": 2, "delegates": {"scout": true}}}), _lead({})),
			"reasons": {exceeded},
		},
		"the last to another agent": {
			"to": _ancestry(_chief({}), _lead({"delegation": {"max_depth": 1, "delegates": {"lead": true}}})),
			"reasons": {_of("delegation_exceeded", "none", {"mandate": "m-l"})},
		},
		"not to be passed on": {"to": _ancestry(_mandate, _lead({})), "reasons": {exceeded}},
		"in the wrong order": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [_at("/ancestors", [
				{"agent": "lead", "id": "m-l"},
				{"agent": "chief", "id": "m-c"},
			])]),
			"reasons": {exceeded, _of("delegation_exceeded", "none", {"mandate": "m-l"})},
		},
		"of an agent that has none": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [fixtures.drop("/pam/mandates/chief")]),
			"reasons": {_none("ancestor_inactive")},
		},
		"revoked": {"to": _ancestry(_chief({"state": "revoked"}), _lead({})), "reasons": {_none("ancestor_inactive")}},
		"not begun": {
			"to": _ancestry(_chief({"not_before": fixtures.now + 1}), _lead({})),
			"reasons": {_none("ancestor_inactive")},
		},
		"ended": {
			"to": _ancestry(_chief({"expires_at": fixtures.now}), _lead({})),
			"reasons": {_none("ancestor_inactive")},
		},
		"ends later": {"to": _ancestry(_chief({"expires_at": fixtures.now + 1}), _lead({})), "reasons": set()},
		"its listing has ended": {
			"to": array.concat(
				_ancestry(_chief({"system": "vault"}), _lead({})),
				[fixtures.put("/pam/snapshots/vault/expires_at", fixtures.now)],
			),
			"reasons": {_retry("stale")},
		},
		"for another person": {
			"to": array.concat(_ancestry(_chief({"subject": "bound"}), _lead({})), [other]),
			"reasons": {outside},
		},
		"not for this task": {"to": _ancestry(_chief({"tasks": {"t-1": false}}), _lead({})), "reasons": {outside}},
		"with another tool": {
			"to": _ancestry(_chief({"authority": {"#query@database:orders-prod": {"tools": {"mail": true}}}}), _lead({})),
			"reasons": {outside},
		},
		"with less": {
			"to": _ancestry(
				_chief({"authority": {"#query@database:orders-prod": {"constraints": {"rows": {"max": 9}}}}}),
				_lead({}),
			),
			"reasons": {outside},
		},
		"an agent above that is disabled": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [
				fixtures.put("/iga/identities/chief", "disabled|agent|prod|cmdb|carol"),
			]),
			"reasons": {_none("ancestor_inactive")},
		},
		"an agent above whom the IGA does not list": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [fixtures.drop("/iga/identities/lead")]),
			"reasons": {_none("ancestor_inactive")},
		},
		"an agent above that is a service": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [
				fixtures.put("/iga/identities/lead", "active|service_account|prod|cmdb|carol"),
			]),
			"reasons": {_none("ancestor_inactive")},
		},
		"an agent above of a listing that has ended": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [
				fixtures.put("/iga/identities/lead", "active|agent|prod|erp|carol"),
				fixtures.put("/iga/snapshots/erp", object.union(_snapshot, {"expires_at": fixtures.now})),
			]),
			"reasons": {_retry("stale")},
		},
		"an agent above that is revoked": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [_revoke("chief", fixtures.now)]),
			"reasons": {{"id": "revocation.principal", "next_action": "none"}},
		},
		"an agent above that will be revoked": {
			"to": array.concat(_ancestry(_chief({}), _lead({})), [_revoke("chief", fixtures.now + 1)]),
			"reasons": set(),
		},
		"with a limit that is reached": {
			"to": _ancestry(_chief({"limits": {"calls": 5}}), _lead({})),
			"reasons": set(),
		},
		"with a limit that is passed": {
			"to": _ancestry(_chief({"limits": {"calls": 4}}), _lead({})),
			"reasons": {_exceeded("calls")},
		},
		"with a limit that is passed in the middle": {
			"to": _ancestry(_chief({}), _lead({"limits": {"rows": 89}})),
			"reasons": {_exceeded("rows")},
		},
		"with a limit that nobody counts": {
			"to": _ancestry(_chief({"limits": {"files": 9}}), _lead({})),
			"reasons": {_uncounted("files")},
		},
		"with limits that are none": {
			"to": _ancestry(_chief({"limits": 9}), _lead({})),
			"reasons": {_none("constraint_unsupported")},
		},
		"not in the middle": {
			"to": _ancestry(
				_chief({}),
				_lead({"authority": {"#query@database:orders-prod": {"parameters": _other_digest}}}),
			),
			"reasons": {_of("ancestor_authority", "none", {"mandate": "m-l"})},
		},
	}
	_holds(case)
}
