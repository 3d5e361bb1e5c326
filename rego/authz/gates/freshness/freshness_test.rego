package authz.gates.freshness_test

import data.testing.fixtures
import future.keywords.not

_stale(what) := {"id": sprintf("freshness.%s", [what]), "next_action": "retry"}

_rolled_back := _stale("rolled_back")

_not_decidable := {"id": "freshness.not_decidable", "next_action": "none"}

_late := fixtures.now + (30 * fixtures.second)

# Each end, at the instant itself and a nanosecond after.
test_ends[path] if {
	some path, reason in {
		"/catalog/bundle/expires_at": _stale("policy_expired"),
		"/trust/bundle/expires_at": _stale("trust_expired"),
		"/iga/bundle/expires_at": _stale("iga_stale"),
		"/iga/snapshots/hr/expires_at": _stale("iga_stale"),
		"/pam/bundle/expires_at": _stale("pam_stale"),
		"/pam/snapshots/bao/expires_at": _stale("pam_stale"),
		"/revocations/bundle/expires_at": _stale("revocations_stale"),
	}
	every case in [
		{"to": [fixtures.put(path, fixtures.now + 1)], "reasons": set()},
		{"to": [fixtures.put(path, fixtures.now)], "reasons": {reason}},
		{"to": [fixtures.put(path, "2099-01-01")], "reasons": {reason}},
		{"to": [fixtures.put(path, null)], "reasons": {reason}},
		{"to": [fixtures.drop(path)], "reasons": {reason}},
	] {
		fixtures.holds(object.union(case, {"ask": fixtures.ask("dump")}))
	}
	case := {"ask": fixtures.ask("dump"), "to": [fixtures.put(path, fixtures.now + 1)]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:00.000000001Z"
}

# Each age that the tier tolerates, from the instant at which the data was seen or issued.
test_ages[path] if {
	some path, [hours, reason] in {
		"/iga/snapshots/hr/observed_at": [12, _stale("iga_stale")],
		"/pam/snapshots/bao/observed_at": [1, _stale("pam_stale")],
		"/revocations/bundle/issued_at": [1, _stale("revocations_stale")],
	}
	oldest := fixtures.now - (hours * fixtures.hour)
	every case in [
		{"to": [fixtures.put(path, oldest + 1)], "reasons": set()},
		{"to": [fixtures.put(path, oldest)], "reasons": {reason}},
		{"to": [fixtures.put(path, _late)], "reasons": set()},
		{"to": [fixtures.put(path, _late + 1)], "reasons": {reason}},
		{"to": [fixtures.drop(path)], "reasons": {reason}},
	] {
		fixtures.holds(object.union(case, {"ask": fixtures.ask("dump")}))
	}
}

# The tier decides: twelve hours are too old for a dump, and not for a query.
test_ages_by_tier if {
	to := [fixtures.put("/iga/snapshots/hr/observed_at", fixtures.now - (12 * fixtures.hour))]
	fixtures.holds({"ask": fixtures.ask("query"), "to": to, "reasons": set()})
	fixtures.holds({"ask": fixtures.ask("dump"), "to": to, "reasons": {_stale("iga_stale")}})
}

test_floors[note] if {
	some note, case in {
		"met": {"to": {"policy": 7, "iga": 7, "pam": 7, "trust": 7, "revocations": 7}, "reasons": set()},
		"policy": {"to": {"policy": 8}, "reasons": {_rolled_back}},
		"iga": {"to": {"iga": 8}, "reasons": {_rolled_back}},
		"pam": {"to": {"pam": 8}, "reasons": {_rolled_back}},
		"trust": {"to": {"trust": 8}, "reasons": {_rolled_back}},
		"revocations": {"to": {"revocations": 8}, "reasons": {_rolled_back}},
		"of a root that nobody knows": {"to": {"other": 1}, "reasons": {_rolled_back}},
		"that is no number": {"to": {"iga": "7"}, "reasons": {_rolled_back}},
		"that is nothing": {"to": {"iga": null}, "reasons": {_rolled_back}},
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"to": [fixtures.put("/config/floors", case.to)],
		"reasons": case.reasons,
	})
}

test_floor_of_what_is_not_relied_on if {
	fixtures.holds({"ask": fixtures.ask("query"), "to": [fixtures.put("/config/floors/pam", 8)], "reasons": set()})
}

test_floor_of_what_activates_a_grant if {
	eligible := fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("hr|g|%s||eligible|", [fixtures.seconds.ahead])})
	fixtures.holds({
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/config/floors/pam", 8), eligible],
		"reasons": {_rolled_back},
	})
}

test_not_decidable[note] if {
	some note, to in {
		"no tier": fixtures.drop("/config/tiers/low"),
		"no ages": fixtures.drop("/config/tiers/low/ages"),
		"no floors": fixtures.drop("/config/floors"),
		"no leeway": fixtures.drop("/config/leeway"),
		"a tier of another name": fixtures.put("/catalog/actions/database/query/tier", "cosmic"),
	}
	case := {"ask": fixtures.ask("query"), "to": [to]}
	{reason | some reason in fixtures.reasons(case); startswith(reason.id, "freshness.")} == {_not_decidable}
}

# Of someone whom no listing names, any of the listings may be too old to.
test_unknown_subject_and_a_stale_listing if {
	case := {
		"ask": fixtures.ask_as("human", "zed", "query"),
		"to": [fixtures.put("/iga/snapshots/cmdb/expires_at", fixtures.now)],
	}
	fixtures.ids(case) == {"identity.unknown", "entitlement.missing", "freshness.iga_stale"}
}

# The listing of a system that the decision does not rest on may be as old as it likes.
test_other_systems[note] if {
	some note, to in {
		"IGA": fixtures.put("/iga/snapshots/app/expires_at", fixtures.now),
		"PAM": fixtures.put("/pam/snapshots/vault/expires_at", fixtures.now),
	}
	fixtures.holds({"ask": fixtures.ask("dump"), "to": [to], "reasons": set()})
}

# A listing that could deny or disable anybody may not be too old, whosever the identity and the grant are.
test_guards[note] if {
	some note, to in {
		"expired": fixtures.put("/iga/snapshots/cmdb/expires_at", fixtures.now),
		"too old": fixtures.put("/iga/snapshots/cmdb/observed_at", fixtures.now - (24 * fixtures.hour)),
		"not loaded": fixtures.drop("/iga/snapshots/cmdb"),
		"another one": fixtures.put("/iga/guards", ["app", "hr", "nowhere"]),
		"not said": fixtures.drop("/iga/guards"),
		"said otherwise": fixtures.put("/iga/guards", {}),
	}
	fixtures.holds({"ask": fixtures.ask("query"), "to": [to], "reasons": {_stale("iga_stale")}})
}

test_without_guards if {
	fixtures.holds({"ask": fixtures.ask("query"), "to": [fixtures.put("/iga/guards", [])], "reasons": set()})
}

# What elevates is as old as its listing, and without one nobody can say.
test_elevation_of_a_system_without_a_listing if {
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"to": [fixtures.put("/pam/elevations/alice/e-1/system", "nowhere")],
		"reasons": {_stale("pam_stale")},
	})
}

test_until_the_end_of_a_guard if {
	case := {"ask": fixtures.ask("query"), "to": [fixtures.put("/iga/snapshots/cmdb/expires_at", fixtures.now + 1)]}
	fixtures.answer(case).context.valid_until == "2027-01-15T08:00:00.000000001Z"
}

test_an_ownerless_service_is_no_matter_of_freshness if {
	fixtures.ids({"ask": fixtures.ask_as("workload", "orphan", "query")}) == {"identity.ownerless"}
}

# PAM counts for an agent, whose mandate it lists; what other gates say of one without a mandate is no matter here.
test_floor_for_an_agent[note] if {
	some note, case in {"PAM met": {"floor": 7, "told": set()}, "PAM": {"floor": 8, "told": {"freshness.rolled_back"}}}
	ids := fixtures.ids({
		"ask": fixtures.ask_as("agent", "scout", "query"),
		"to": [
			fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
			fixtures.put("/config/floors/pam", case.floor),
		],
	})
	{id | some id in ids; startswith(id, "freshness.")} == case.told
}
