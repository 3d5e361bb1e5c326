package authz.gates.elevation_test

import data.testing.fixtures
import future.keywords.not

_ask_of(name, asked) := fixtures.put(sprintf("/catalog/actions/database/administer/elevation/%s", [name]), asked)

_second_person := {_missing("administer"), _of("second_person_missing", "b-1")}

_incident := {_missing("administer"), _of("incident_missing", "b-1")}

test_dual_control[note] if {
	some note, case in {
		"by another": {"by": "carol", "to": [], "reasons": set()},
		"by oneself": {"by": "alice", "to": [], "reasons": _second_person},
		"by nobody": {"by": "", "to": [], "reasons": _second_person},
		"by a number": {"by": 7, "to": [], "reasons": _second_person},
		"by whom nobody knows": {"by": "zed", "to": [], "reasons": _second_person},
		"by a service": {"by": "bot", "to": [], "reasons": _second_person},
		"by someone who has left": {"by": "dora", "to": [], "reasons": _second_person},
		"by someone who is revoked": {
			"by": "carol",
			"to": [_revoke_subject("carol", fixtures.now)],
			"reasons": _second_person,
		},
		"by someone who will be revoked": {"by": "carol", "to": [_revoke_subject("carol", fixtures.now + 1)], "reasons": set()},
		"by a subordinate": {"by": "carol", "to": [_person("carol", "alice")], "reasons": set()},
		"not asked": {"by": "alice", "to": [_ask_of("dual_control", false)], "reasons": set()},
		"asked in a way": {"by": "alice", "to": [_ask_of("dual_control", "no")], "reasons": _second_person},
	}
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": array.concat([_none, _ask_of("dual_control", true), _glass({"activated_by": case.by})], case.to),
		"reasons": case.reasons,
	})
}

# Of a service, its owner is no second person.
test_dual_control_of_a_service[note] if {
	some note, case in {
		"its owner": {"by": "carol", "reasons": _second_person},
		"another": {"by": "alice", "reasons": set()},
	}
	fixtures.holds({
		"ask": fixtures.ask_as("service_account", "bot", "administer"),
		"to": [
			_ask_of("dual_control", true),
			fixtures.put("/pam/break_glass/bot", {"b-1": object.union(fixtures.activation, {"activated_by": case.by})}),
		],
		"reasons": case.reasons,
	})
}

test_incident[note] if {
	some note, case in {
		"named": {"asked": true, "incident": "INC-1", "reasons": set()},
		"empty": {"asked": true, "incident": "", "reasons": _incident},
		"a number": {"asked": true, "incident": 1, "reasons": _incident},
		"empty, not asked": {"asked": false, "incident": "", "reasons": set()},
		"empty, asked in a way": {"asked": 0, "incident": "", "reasons": _incident},
	}
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": [_none, _ask_of("incident", case.asked), _glass({"incident": case.incident})],
		"reasons": case.reasons,
	})
}

test_neither_incident_nor_second_person if {
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": [_none, _ask_of("incident", true), _ask_of("dual_control", true), _glass({"incident": ""})],
		"reasons": (_incident | _second_person),
	})
}

# One of two will do.
test_the_one_that_will_do if {
	case := {"ask": fixtures.ask("administer"), "to": [
		_none,
		_ask_of("dual_control", true),
		fixtures.put("/pam/break_glass/alice", {
			"b-1": object.union(fixtures.activation, {"expires_at": fixtures.now + (9 * fixtures.hour)}),
			"b-2": object.union(fixtures.activation, {"activated_by": "carol"}),
		}),
	]}
	fixtures.answer(case).context.evidence.elevation.id == "b-2"
}

test_until_the_second_person_is_revoked if {
	case := {"ask": fixtures.ask("administer"), "to": [
		_none,
		_ask_of("dual_control", true),
		_glass({"activated_by": "carol"}),
		_revoke_subject("carol", fixtures.now + fixtures.second),
	]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:01Z"
}

test_glass_of_another_type[note] if {
	some note, changes in {
		"begins with nothing": {"not_before": null},
		"begins with text": {"not_before": "2020"},
		"ends with text": {"expires_at": "2099"},
		"ends with nothing": {"expires_at": null},
		"keys as text": {"keys": "#administer@database:orders-prod"},
	}
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": [_none, _glass(changes)],
		"reasons": {_missing("administer")},
	})
}
