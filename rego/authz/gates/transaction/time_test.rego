package authz.gates.transaction_test

import data.testing.fixtures
import future.keywords.not

_never := "2262-04-11T23:47:16.854775807Z"

_freezing := [_limit("freezes", true)]

_freezes(freezes) := fixtures.put("/catalog/freezes", freezes)

_freeze(from, to) := {"title": "Closing", "from": from, "to": to}

_here(freeze, environments) := object.union(freeze, {"environments": {name: true | some name in environments}})

_homeless := [
	fixtures.drop("/catalog/resources/database:orders-prod/environment"),
	fixtures.drop("/catalog/applications/orders/environment"),
]

test_freeze[note] if {
	now := fixtures.now
	current := _freeze(now - 1, now + 1)
	some note, case in {
		"none": {"to": [], "reasons": set()},
		"no freezes": {"to": [_freezes({})], "reasons": set()},
		"now": {"to": [_freezes({"closing": current})], "reasons": {_frozen("closing")}},
		"begins at this instant": {"to": [_freezes({"closing": _freeze(now, now + 1)})], "reasons": {_frozen("closing")}},
		"begins at the next": {"to": [_freezes({"closing": _freeze(now + 1, now + 2)})], "reasons": set()},
		"ends at the next": {"to": [_freezes({"closing": _freeze(now - 9, now + 1)})], "reasons": {_frozen("closing")}},
		"ends at this instant": {"to": [_freezes({"closing": _freeze(now - 9, now)})], "reasons": set()},
		"two": {
			"to": [_freezes({"closing": current, "move": current, "past": _freeze(1, 2)})],
			"reasons": {_frozen("closing"), _frozen("move")},
		},
		"here": {"to": [_freezes({"closing": _here(current, ["staging", "prod"])})], "reasons": {_frozen("closing")}},
		"elsewhere": {"to": [_freezes({"closing": _here(current, ["staging"])})], "reasons": set()},
		"nowhere": {"to": [_freezes({"closing": _here(current, [])})], "reasons": set()},
		"in another case": {"to": [_freezes({"closing": _here(current, ["Prod"])})], "reasons": set()},
		"elsewhere, of what is nowhere": {
			"to": array.concat([_freezes({"closing": _here(current, ["staging"])})], _homeless),
			"reasons": {_frozen("closing")},
		},
		"in places that cannot be read": {
			"to": [_freezes({"closing": object.union(current, {"environments": "staging"})})],
			"reasons": {_frozen("closing")},
		},
		"no begin": {"to": [_freezes({"closing": {"title": "Closing", "to": now + 1}})], "reasons": {_frozen("closing")}},
		"no end": {"to": [_freezes({"closing": {"title": "Closing", "from": 1}})], "reasons": {_frozen("closing")}},
		"no end, to come": {"to": [_freezes({"closing": {"title": "Closing", "from": now + 1}})], "reasons": {_frozen("closing")}},
		"a begin in text": {"to": [_freezes({"closing": _freeze("9", now + 1)})], "reasons": {_frozen("closing")}},
		"an end that is null": {"to": [_freezes({"closing": _freeze(1, null)})], "reasons": {_frozen("closing")}},
		"no instants, elsewhere": {"to": [_freezes({"closing": _here({}, ["staging"])})], "reasons": {_frozen("closing")}},
		"no object": {"to": [_freezes({"closing": "now"})], "reasons": {_frozen("closing")}},
	}
	_holds({"to": array.concat(_freezing, case.to), "reasons": case.reasons})
}

test_freeze_for_whom[note] if {
	some note, case in {
		"not said": {"limits": {"ticket": ".*"}, "reasons": set()},
		"not for this": {"limits": {"freezes": false}, "reasons": set()},
		"in a way": {"limits": {"freezes": null}, "reasons": {_frozen("closing")}},
	}
	_holds({
		"to": [_at("/limits", case.limits), _freezes({"closing": _freeze(1, fixtures.now + 1)})],
		"reasons": case.reasons,
	})
}

# A freeze to come ends what is allowed until then.
test_freeze_to_come[note] if {
	now := fixtures.now
	soon := _freeze(now + 1, now + 9)
	some note, case in {
		"none": {"to": [_freezes({"past": _freeze(1, 2)})], "said": _never},
		"one": {"to": [_freezes({"closing": soon})], "said": "2027-01-15T08:00:00.000000001Z"},
		"the first of two": {
			"to": [_freezes({"move": _freeze(now + 5, now + 6), "closing": soon})],
			"said": "2027-01-15T08:00:00.000000001Z",
		},
		"here": {"to": [_freezes({"closing": _here(soon, ["prod"])})], "said": "2027-01-15T08:00:00.000000001Z"},
		"elsewhere": {"to": [_freezes({"closing": _here(soon, ["staging"])})], "said": _never},
		"elsewhere, of what is nowhere": {
			"to": array.concat([_freezes({"closing": _here(soon, ["staging"])})], _homeless),
			"said": "2027-01-15T08:00:00.000000001Z",
		},
		"one of no length": {"to": [_freezes({"closing": _freeze(now + 1, now + 1)})], "said": _never},
		"not for this": {"to": [_limit("freezes", false), _freezes({"closing": soon})], "said": _never},
		"after the window": {
			"to": [_at("/limits/windows", [_in_vienna(540, 541)]), _freezes({"closing": _freeze(now + fixtures.hour, now + (2 * fixtures.hour))})],
			"said": "2027-01-15T08:01:00Z",
		},
		"before the end of the window": {
			"to": [_at("/limits/windows", [_in_vienna(540, 541)]), _freezes({"closing": soon})],
			"said": "2027-01-15T08:00:00.000000001Z",
		},
	}
	_at_instant(array.concat(_freezing, case.to), "2027-01-15T08:00:00Z") == case.said
}

_closed := fixtures.put("/catalog/actions/database/administer/limits", {"freezes": true, "windows": [_in_vienna(541, 542)]})

_closing := _freezes({"closing": _freeze(fixtures.now - 1, fixtures.now + 1), "move": _freeze(fixtures.now + 1, fixtures.now + 2)})

_glass(subject) := fixtures.put(sprintf("/pam/break_glass/%s", [subject]), {"b-1": fixtures.activation})

test_break_glass_lifts_windows_and_freezes[note] if {
	some note, case in {
		"of a person": {"by": ["human", "alice"], "to": [fixtures.drop("/pam/elevations/alice"), _glass("alice")], "reasons": set()},
		"not where an elevation does": {
			"by": ["human", "alice"],
			"to": [_glass("alice")],
			"reasons": {_retry("outside_window"), _frozen("closing")},
		},
		"not of a service": {
			"by": ["service_account", "bot"],
			"to": [_glass("bot")],
			"reasons": {_retry("outside_window"), _frozen("closing")},
		},
	}
	fixtures.holds({
		"ask": fixtures.ask_as(case.by[0], case.by[1], "administer"),
		"to": array.concat([_closed, _closing], case.to),
		"reasons": case.reasons,
	})
}

# And then neither ends the answer: what does is the break-glass itself.
test_break_glass_until if {
	answer := fixtures.answer({"ask": fixtures.ask("administer"), "to": [
		_closed,
		_closing,
		fixtures.drop("/pam/elevations/alice"),
		_glass("alice"),
	]})
	answer.context.valid_until == "2027-01-15T08:59:59Z" # of the revocations
}

test_break_glass_lifts_nothing_else if {
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": [
			fixtures.put("/catalog/actions/database/administer/limits", {"persons": 2, "ticket": "INC-1"}),
			fixtures.drop("/pam/elevations/alice"),
			_glass("alice"),
		],
		"reasons": {_retry("ticket_invalid"), _unconfirmed(2)},
	})
}

# Of who confirmed, those count who are active longest.
test_confirmed_until[note] if {
	soon := fixtures.now + 1
	some note, case in {
		"nobody leaves": {"persons": 2, "by": ["carol"], "leaving": [], "until": _never},
		"the one who is needed": {"persons": 2, "by": ["carol"], "leaving": ["carol"], "until": "2027-01-15T08:00:00.000000001Z"},
		"one who is not needed": {"persons": 2, "by": ["carol", "bound"], "leaving": ["carol"], "until": _never},
		"one of two who are needed": {
			"persons": 3,
			"by": ["carol", "bound"],
			"leaving": ["carol"],
			"until": "2027-01-15T08:00:00.000000001Z",
		},
		"nobody is needed": {"persons": 1, "by": [], "leaving": [], "until": _never},
		"fewer than nobody": {"persons": 0, "by": [], "leaving": [], "until": _never},
	}
	documents := json.patch(fixtures.documents, array.concat(
		[_limit("persons", case.persons)],
		[fixtures.put(sprintf("/revocations/subjects/%s", [id]), {"from": soon}) | some id in case.leaving],
	))
	until := data.authz.gates.transaction.verdict.until with input as json.patch(fixtures.ask("query"), [_said(case.by)])
		with data.catalog as documents.catalog
		with data.config as documents.config
		with data.iga as documents.iga
		with data.pam as documents.pam
		with data.trust as documents.trust
		with data.revocations as documents.revocations
		with time.now_ns as fixtures.now
	time.format(until) == case.until
}

test_confirmed_by_who_was_revoked if {
	_holds({
		"with": [_said(["carol"])],
		"to": [_limit("persons", 2), fixtures.put("/revocations/subjects/carol", {"from": fixtures.now})],
		"reasons": {_unconfirmed(2)},
	})
}
