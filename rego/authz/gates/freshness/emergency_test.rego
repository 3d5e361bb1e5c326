package authz.gates.freshness_test

import data.testing.fixtures
import future.keywords.not

_activation(changes) := fixtures.put("/pam/break_glass/alice", {"b-1": object.union(fixtures.activation, changes)})

# The glass is broken, and no elevation will do.
_broken := [fixtures.drop("/pam/elevations/alice"), _activation({})]

# Both kinds of source have been down for hours: their own ends are long past.
_down := [
	fixtures.put("/iga/bundle/issued_at", fixtures.now - (90 * fixtures.hour)),
	fixtures.put("/iga/bundle/expires_at", fixtures.now - (40 * fixtures.hour)),
	fixtures.put("/pam/bundle/expires_at", fixtures.now - (6 * fixtures.hour)),
	fixtures.put("/iga/snapshots/hr", {"id": "hr-1", "observed_at": fixtures.now - (90 * fixtures.hour), "expires_at": fixtures.now - fixtures.hour}),
	fixtures.put("/iga/snapshots/cmdb", {"id": "cmdb-1", "observed_at": fixtures.now - (90 * fixtures.hour), "expires_at": fixtures.now - fixtures.hour}),
	fixtures.put("/pam/snapshots/bao", {"id": "bao-1", "observed_at": fixtures.now - (7 * fixtures.hour), "expires_at": fixtures.now - fixtures.hour}),
]

_changes(case) := array.flatten([_broken, _down, case.to])

_asks(name) := fixtures.put(sprintf("/catalog/actions/database/administer/elevation/%s", [name]), true)

test_emergency[note] if {
	some note, case in {
		"everything stale": {"to": [], "reasons": set()},
		"a deny": {
			"to": [fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"})],
			"reasons": {{"id": "entitlement.denied", "next_action": "none"}},
		},
		"a revoked subject": {
			"to": [fixtures.put("/revocations/subjects/alice", {"id": "alice", "from": fixtures.now})],
			"reasons": {{"id": "revocation.subject", "next_action": "none"}},
		},
		"a disabled subject": {
			"to": [fixtures.put("/iga/identities/alice", "disabled|human||hr|")],
			"reasons": {{"id": "identity.inactive", "next_action": "none"}},
		},
		"revocations too old": {
			"to": [fixtures.put("/revocations/bundle/issued_at", fixtures.now - fixtures.hour)],
			"reasons": {_stale("revocations_stale")},
		},
		"policy expired": {
			"to": [fixtures.put("/catalog/bundle/expires_at", fixtures.now)],
			"reasons": {_stale("policy_expired")},
		},
		"trust expired": {
			"to": [fixtures.put("/trust/bundle/expires_at", fixtures.now)],
			"reasons": {_stale("trust_expired")},
		},
		"a floor of the IGA": {"to": [fixtures.put("/config/floors/iga", 8)], "reasons": {_rolled_back}},
		"a floor of the PAM": {"to": [fixtures.put("/config/floors/pam", 8)], "reasons": {_rolled_back}},
		"IGA bundle just young enough": {
			"to": [fixtures.put("/iga/bundle/issued_at", (fixtures.now - (96 * fixtures.hour)) + 1)],
			"reasons": set(),
		},
		"IGA bundle too old": {
			"to": [fixtures.put("/iga/bundle/issued_at", fixtures.now - (96 * fixtures.hour))],
			"reasons": {_stale("iga_stale")},
		},
		"IGA bundle from the future": {
			"to": [fixtures.put("/iga/bundle/issued_at", _late + 1)],
			"reasons": {_stale("iga_stale")},
		},
		"IGA bundle of no age": {"to": [fixtures.drop("/iga/bundle/issued_at")], "reasons": {_stale("iga_stale")}},
		"IGA listing just young enough": {
			"to": [fixtures.put("/iga/snapshots/hr/observed_at", (fixtures.now - (96 * fixtures.hour)) + 1)],
			"reasons": set(),
		},
		"IGA listing too old": {
			"to": [fixtures.put("/iga/snapshots/hr/observed_at", fixtures.now - (96 * fixtures.hour))],
			"reasons": {_stale("iga_stale")},
		},
		"IGA listing as far ahead as it may be": {
			"to": [fixtures.put("/iga/snapshots/hr/observed_at", _late)],
			"reasons": set(),
		},
		"IGA listing from the future": {
			"to": [fixtures.put("/iga/snapshots/hr/observed_at", _late + 1)],
			"reasons": {_stale("iga_stale")},
		},
		"a guard too old": {
			"to": [fixtures.put("/iga/snapshots/cmdb/observed_at", fixtures.now - (96 * fixtures.hour))],
			"reasons": {_stale("iga_stale")},
		},
		"PAM listing just young enough": {
			"to": [fixtures.put("/pam/snapshots/bao/observed_at", (fixtures.now - (8 * fixtures.hour)) + 1)],
			"reasons": set(),
		},
		"PAM listing too old": {
			"to": [fixtures.put("/pam/snapshots/bao/observed_at", fixtures.now - (8 * fixtures.hour))],
			"reasons": {_stale("pam_stale")},
		},
		"PAM listing from the future": {
			"to": [fixtures.put("/pam/snapshots/bao/observed_at", _late + 1)],
			"reasons": {_stale("pam_stale")},
		},
		"no word on how old": {
			"to": [fixtures.drop("/config/break_glass")],
			"reasons": {_stale("pam_stale"), _stale("iga_stale")},
		},
		"the window is over": {
			"to": [_activation({"expires_at": fixtures.now})],
			"reasons": {_missing, _stale("iga_stale"), _stale("pam_stale")},
		},
		"not accepted": {
			"to": [fixtures.put("/catalog/actions/database/administer/elevation/break_glass", false)],
			"reasons": {
				_missing,
				{"id": "elevation.break_glass_not_accepted", "next_action": "request"},
				_stale("iga_stale"),
				_stale("pam_stale"),
			},
		},
		"broken by oneself where two are asked": {
			"to": [_asks("dual_control")],
			"reasons": {
				_missing,
				_lacks("second_person_missing"),
				_stale("iga_stale"),
				_stale("pam_stale"),
			},
		},
		"broken by another where two are asked": {
			"to": [_asks("dual_control"), _activation({"activated_by": "carol"})],
			"reasons": set(),
		},
		"revoked": {
			"to": [fixtures.put("/revocations/elevations/b-1", {"id": "b-1", "from": fixtures.now})],
			"reasons": {
				_missing,
				{"id": "elevation.revoked", "next_action": "none", "needs": {"elevation": "b-1"}},
				_stale("iga_stale"),
				_stale("pam_stale"),
			},
		},
		"an elevation on the stale system": {
			"to": [fixtures.put("/pam/elevations/alice", {"e-1": fixtures.elevation})],
			"reasons": set(),
		},
		"an eligible grant that the stale system activates": {
			"to": [
				fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("hr|g|%s||eligible|", [fixtures.seconds.ahead])}),
				fixtures.put("/pam/elevations/alice", {"e-1": fixtures.elevation}),
			],
			"reasons": set(),
		},
	}
	fixtures.holds({"ask": fixtures.ask("administer"), "to": _changes(case), "reasons": case.reasons})
}

_missing := {
	"id": "elevation.missing",
	"next_action": "request",
	"needs": {"resource": "database:orders-prod", "action": "administer"},
}

_lacks(reason) := {"id": sprintf("elevation.%s", [reason]), "next_action": "request", "needs": {"elevation": "b-1"}}

# It is loud: whoever must is told, somebody reviews, and it ends with the youngest of what it rests on.
test_an_emergency_is_told if {
	answer := fixtures.answer({"ask": fixtures.ask("administer"), "to": _changes({"to": []})})
	answer.decision == true
	{obligation.type | some obligation in answer.context.obligations} == {"record_session", "notify", "review"}
	answer.context.evidence.elevation.kind == "break_glass"
	answer.context.valid_until == "2027-01-15T08:59:59Z" # revocations are no older than ever
	last := [fixtures.put("/pam/snapshots/bao/observed_at", (fixtures.now - (8 * fixtures.hour)) + 1)]
	short := fixtures.answer({"ask": fixtures.ask("administer"), "to": _changes({"to": last})})
	short.context.valid_until == "2027-01-15T08:00:00.000000001Z"
}

# The emergency is the subject's own and this action's: it lets nobody else, and nothing else, pass.
test_no_emergency_for_others[note] if {
	some note, ask in {
		"an action without privilege": fixtures.ask("query"),
		"an action that breaks no glass": fixtures.ask("dump"),
		"another subject": fixtures.ask_as("human", "bound", "administer"),
	}
	case := {"ask": ask, "to": _changes({"to": []})}
	"freshness.iga_stale" in fixtures.ids(case)
	fixtures.answer(case).decision == false
}

# What the catalogue says of break-glass counts only for privileged actions: others need no elevation at all.
test_no_emergency_without_privilege if {
	elevation := {"approvals": 0, "recording": false, "break_glass": true}
	fixtures.holds({
		"ask": fixtures.ask("query"),
		"to": [
			fixtures.put("/catalog/actions/database/query/elevation", elevation),
			fixtures.drop("/pam/elevations/alice"),
			_activation({"keys": ["#query@database:orders-prod"]}),
			fixtures.put("/iga/bundle/expires_at", fixtures.now),
		],
		"reasons": {_stale("iga_stale")},
	})
}

# An elevation that will do is no emergency, though the glass is broken too: data must be as young as ever.
test_no_emergency_with_an_elevation if {
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"to": [_activation({}), fixtures.put("/iga/bundle/expires_at", fixtures.now)],
		"reasons": {_stale("iga_stale")},
	})
}

# A service breaks the glass: who answers for it is listed by a system that is down too.
test_emergency_of_a_service if {
	to := [
		fixtures.put("/pam/elevations", {}),
		fixtures.put("/pam/break_glass/bot", {"b-1": fixtures.activation}),
	]
	fixtures.holds({
		"ask": fixtures.ask_as("service_account", "bot", "administer"),
		"to": array.concat(to, _down),
		"reasons": set(),
	})
}

# Break-glass is over by when an elevation for this may count, whatever that one lacks.
test_until_the_next_elevation[note] if {
	begins := {"not_before": fixtures.now + 1, "approvers": []}
	some note, case in {
		"begins": {"elevation": begins, "until": "2027-01-15T08:00:00.000000001Z"},
		"begins, by action": {
			"elevation": object.union(begins, {"keys": ["#administer@database:orders-prod"]}),
			"until": "2027-01-15T08:00:00.000000001Z",
		},
		"begins, for something else": {
			"elevation": object.union(begins, {"keys": ["#dump@database:orders-prod"]}),
			"until": "2027-01-15T08:59:59Z",
		},
		"begins with text": {"elevation": {"not_before": "2020"}, "until": "2027-01-15T08:59:59Z"},
		"began, and its listing is ahead": {
			"elevation": {"system": "vault"},
			"until": "2027-01-15T08:00:00.000000002Z",
		},
		"began, and is not listed": {"elevation": {"system": "nowhere"}, "until": "2027-01-15T08:59:59Z"},
		"began, and its listing says text": {"elevation": {"system": "odd"}, "until": "2027-01-15T08:59:59Z"},
	}
	answer := fixtures.answer({"ask": fixtures.ask("administer"), "to": [
		_activation({}),
		fixtures.put("/pam/snapshots/vault/observed_at", _late + 2),
		fixtures.put("/pam/snapshots/odd", {"id": "odd-1", "observed_at": "2099", "expires_at": fixtures.now}),
		fixtures.put("/pam/elevations/alice", {"e-1": object.union(fixtures.elevation, case.elevation)}),
	]})
	answer.context.valid_until == case.until
}
