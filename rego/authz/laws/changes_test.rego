package authz.laws_test

import data.testing.credentials
import data.testing.fixtures
import future.keywords.not

# What follows from changing a request, the documents or the time, whatever the decision was before.

_query_digest := "sha-256:19DPckl53JTjnW4-slAx3sA1CTwjHRg-Evb-MBWpoPs"

_mandate(subject) := {
	"system": "bao",
	"subject": subject,
	"state": "active",
	"not_before": fixtures.now - fixtures.hour,
	"expires_at": fixtures.now + fixtures.hour,
	"tasks": {"t-1": true},
	"authority": {"#query@database:orders-prod": {"constraints": {"rows": {"max": 10}}}},
}

# What each request below needs of the organisation.
_busy := {
	"an agent": [
		fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
		fixtures.put("/iga/identities/chief", "active|agent|prod|cmdb|carol"),
		fixtures.put("/iga/identities/erin", "active|human||hr|carol"),
		fixtures.put("/iga/grants/scout", {"orders:reader@*": sprintf("app|g-scout|%s|||", [fixtures.seconds.ahead])}),
		fixtures.put("/pam/mandates", {
			"chief": {"m-0": object.union(_mandate("alice"), {"delegation": {"max_depth": 1, "delegates": {"scout": true}}})},
			"scout": {"m-1": object.union(_mandate("alice"), {
				"ancestors": [{"agent": "chief", "id": "m-0"}],
				"limits": {"calls": 5},
				"approvals": {"t-1": {
					"id": "a-1", "approvers": ["carol", "erin"], "required": 2,
					"approved_until": fixtures.now + fixtures.hour, "parameters": _query_digest,
				}},
			})},
		}),
		fixtures.put("/catalog/actions/database/query/mandate", {"approval": true}),
	],
	"a token": [
		fixtures.put("/trust/issuers", {"access-token": credentials.trust.issuers["access-token"]}),
		fixtures.put("/trust/keys", {_issuer: credentials.trust.keys[_issuer]}),
		fixtures.put("/iga/proofs", {"https://as.example.com#alice-1": "alice"}),
	],
	"a limited dump": [
		fixtures.put("/iga/identities/erin", "active|human||hr|carol"),
		fixtures.put("/pam/elevations/alice/e-1/approvers", ["carol", "erin"]),
		fixtures.put("/pam/elevations/alice/e-1/keys", ["orders:dba@*", "#drop@database:orders-prod"]),
		fixtures.put("/catalog/actions/database/dump/limits", {
			"persons": 3,
			"separation": ["query", "order"],
			"parameters": {"rows": {"max": 10}},
			"conditions": {"device": {"one_of": ["managed", "kiosk"]}},
			"windows": [
				{"zone": "UTC", "days": ["Monday"], "from": 0, "to": 1440},
				{"zone": "UTC", "days": ["Thursday", "Friday"], "from": 420, "to": 1140},
			],
		}),
	],
	"asserted parents": [],
}

_issuer := "https://as.example.com"

_worlds[scenario] := json.patch(fixtures.documents, changes) if some scenario, changes in _busy

_told_by_agent := {"mandate": "m-1", "task": "t-1", "counters": {"calls": 4}, "uses": {}, "chain": {
	"id": "c-1",
	"history": [
		{"action": "rotate", "type": "database", "id": "orders-prod"},
		{"action": "query", "type": "database", "id": "orders-prod"},
	],
}}

_asked := {
	"an agent": object.union(fixtures.ask_as("agent", "scout", "query"), {
		"action": {"name": "query", "properties": {"rows": 10, "table": "orders"}},
		"context": _told_by_agent,
	}),
	"a token": object.union(fixtures.ask("query"), {"context": {"credential": credentials.shown.plain}}),
	"a limited dump": object.union(fixtures.ask("dump"), {
		"action": {"name": "dump", "properties": {"rows": 10}},
		"context": {
			"confirmations": ["carol", "erin"],
			"conditions": {"device": "managed", "network": "office"},
			"history": [{"action": "query", "subject": "carol"}, {"action": "drop", "subject": "bob"}],
		},
	}),
	"asserted parents": object.union(fixtures.ask("query"), {"resource": {
		"id": "new",
		"properties": {"parents": ["account:prod", "folder:all"]},
	}}),
}

# What makes each a denial, each by another gate: changes of the documents, or of the request under `/input`.
_denying := {
	"an agent": {
		"another task": fixtures.put("/input/context/task", "t-2"),
		"no chain": fixtures.drop("/input/context/chain"),
		"too many calls": fixtures.put("/input/context/counters/calls", 5),
		"not approved": fixtures.put("/pam/mandates/scout/m-1/approvals/t-1/approvers", ["carol", "scout"]),
		"a mandate above has ended": fixtures.put("/pam/mandates/chief/m-0/expires_at", fixtures.now),
		"the person holds nothing": fixtures.put("/iga/grants/alice", {}),
		"the person is denied": fixtures.put("/iga/denies/alice", {"orders:reader@*": "hr|d|9223372036|||"}),
	},
	"a token": {
		"another's": fixtures.put("/input/subject/id", "carol"),
		"nobody's": fixtures.put("/iga/proofs", {}),
		"withdrawn": fixtures.put("/trust/keys", {}),
		"spoilt": fixtures.put("/input/context/credential/token", "a.b.c"),
		"no grant": fixtures.put("/iga/grants/alice", {}),
	},
	"a limited dump": {
		"too many rows": fixtures.put("/input/action/properties/rows", 11),
		"one confirmation": fixtures.put("/input/context/confirmations", ["carol", "alice"]),
		"queried by himself": fixtures.put("/input/context/history", [{"action": "query", "subject": "alice"}]),
		"another device": fixtures.put("/input/context/conditions/device", "own"),
		"approved by himself": fixtures.put("/pam/elevations/alice/e-1/approvers", ["alice"]),
		"disabled": fixtures.put("/iga/identities/alice", "disabled|human||hr|"),
		"stale": fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now),
		"a PEP that may not": fixtures.put("/input/context/pep", "plain-proxy"),
	},
}

# The answer to a scenario after some changes.
_decided(scenario, changes) := answer if {
	request := json.patch(_asked[scenario], [object.union(change, {"path": trim_prefix(change.path, "/input")}) |
		some change in changes
		startswith(change.path, "/input/")
	])
	documents := json.patch(_worlds[scenario], [change | some change in changes; not startswith(change.path, "/input/")])
	answer := fixtures.decide(request, documents)
}

test_asked_is_allowed[scenario] if {
	some scenario, _ in _asked
	_decided(scenario, []).decision == true
}

test_denying_denies[note] if {
	some scenario, changes in _denying
	some what, change in changes
	note := sprintf("%s, %s", [scenario, what])
	_explained(_decided(scenario, [change]))
}

# What gives: grants, elevations, approvals, mandates and what is in them, keys, snapshots.
_gifts := {
	"an agent": [
		"/iga/grants/scout", "/iga/grants/alice/orders:dba@*", "/iga/snapshots/hr", "/pam/snapshots/bao",
		"/pam/mandates/scout/m-1", "/pam/mandates/chief", "/pam/mandates/scout/m-1/tasks/t-1",
		"/pam/mandates/chief/m-0/authority/#query@database:orders-prod",
		"/pam/mandates/scout/m-1/approvals", "/pam/mandates/scout/m-1/approvals/t-1/approvers/0",
	],
	"a token": [
		"/iga/grants/alice/orders:dba@*", "/iga/snapshots/hr", "/iga/proofs/https:~1~1as.example.com#alice-1",
		"/trust/keys/https:~1~1as.example.com/sig", "/trust/issuers/access-token",
	],
	"a limited dump": [
		"/iga/grants/alice", "/iga/snapshots/cmdb", "/pam/snapshots/bao", "/pam/elevations/alice/e-1",
		"/pam/elevations/alice/e-1/approvers", "/pam/elevations/alice/e-1/keys/0",
		"/pam/elevations/alice/e-1/approved_until",
	],
}

# What takes, from whomever the requests name.
_takings := {
	"an agent": [
		_revoked("subjects/alice"), _revoked("subjects/carol"), _revoked("mandates/m-0"),
		fixtures.put("/iga/denies/scout", {"orders:reader@account:prod": "hr|d|9223372036|||"}),
	],
	"a token": [
		_revoked("subjects/alice"), _revoked("tokens/at-1"), _revoked("keys/https:~1~1as.example.com#as-1"),
		fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"}),
	],
	"a limited dump": [
		_revoked("sessions/s-1"), _revoked("subjects/erin"), _revoked("elevations/e-1"),
		fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"}),
	],
}

_revoked(path) := fixtures.put(sprintf("/revocations/%s", [path]), _revocation)

_revocation := {"id": "r-1", "from": fixtures.now}

# One rule a scenario, as the time that a test may take is limited.
test_less_never_opens_to_an_agent[what] if {
	some what, change in _denying["an agent"]
	_stays_denied("an agent", change)
}

test_less_never_opens_to_a_token[what] if {
	some what, change in _denying["a token"]
	_stays_denied("a token", change)
}

test_less_never_opens_a_dump[what] if {
	some what, change in _denying["a limited dump"]
	_stays_denied("a limited dump", change)
}

# Each of these is relied on, so that the laws below are about something.
test_less_denies[note] if {
	some scenario, paths in _gifts
	some path in paths
	note := sprintf("%s: %s", [scenario, path])
	_decided(scenario, [fixtures.drop(path)]).decision == false
}

# Taken away first, as what denies may put something else in its place.
_stays_denied(scenario, change) if {
	every path in _gifts[scenario] {
		_less(scenario, path, change).decision == false
	}
}

# Where what denies was in what is gone, there is nothing left to change.
_less(scenario, path, change) := _decided(scenario, [fixtures.drop(path)]) if {
	startswith(change.path, concat("", [path, "/"]))
} else := _decided(scenario, [fixtures.drop(path), change])

test_revoking_never_opens_to_an_agent[what] if {
	some what, change in _denying["an agent"]
	every taking in _takings["an agent"] {
		_decided("an agent", [change, taking]).decision == false
	}
}

test_revoking_never_opens_to_a_token[what] if {
	some what, change in _denying["a token"]
	every taking in _takings["a token"] {
		_decided("a token", [change, taking]).decision == false
	}
}

test_revoking_never_opens_a_dump[what] if {
	some what, change in _denying["a limited dump"]
	every taking in _takings["a limited dump"] {
		_decided("a limited dump", [change, taking]).decision == false
	}
}

# Each of these does take it from whoever is allowed, so that the law above is about something.
test_revoking_denies[note] if {
	some scenario, paths in {
		"an agent": ["subjects/alice", "subjects/scout", "sessions/s-1", "mandates/m-1", "mandates/m-0", "subjects/carol"],
		"a token": ["subjects/alice", "sessions/s-1", "tokens/at-1", "keys/https:~1~1as.example.com#as-1"],
		"a limited dump": ["subjects/alice", "sessions/s-1", "elevations/e-1", "subjects/erin"],
	}
	some path in paths
	note := sprintf("%s: %s", [scenario, path])
	_decided(scenario, [_revoked(path)]).decision == false
}

# A member that nobody names, in whatever object of the request: the answer is the same in every part.
# Parameters are the transaction itself, and the header of a token is no part of the request.
test_unknown_members_of_an_agent[note] if {
	some note, path in _objects(_asked["an agent"])
	_nothing_changes("an agent", path)
}

test_unknown_members_of_a_dump[note] if {
	some note, path in _objects(_asked["a limited dump"])
	_nothing_changes("a limited dump", path)
}

test_unknown_members_of_others[note] if {
	some scenario in ["a token", "asserted parents"]
	some name, path in _objects(_asked[scenario])
	note := sprintf("%s: %s", [scenario, name])
	_nothing_changes(scenario, path)
}

_objects(request) := {concat("/", texts): texts |
	walk(request, [path, value])
	is_object(value)
	path != ["action", "properties"]
	texts := _texts(path)
}

_nothing_changes(scenario, path) if {
	with_it := json.patch(_asked[scenario], [{
		"op": "add",
		"path": array.concat(path, ["unheard_of"]),
		"value": {"decision": true},
	}])
	fixtures.decide(with_it, _worlds[scenario]) == _decided(scenario, [])
}

# Lists that are sets, of the request and of the documents, from the back: what is decided is the same.
test_permuted[note] if {
	some scenario, paths in {
		"an agent": [
			"input/context/chain/history",
			"pam/mandates/scout/m-1/approvals/t-1/approvers",
			"catalog/permits/database/query",
			"iga/guards",
		],
		"a limited dump": [
			"input/context/confirmations",
			"input/context/history",
			"pam/elevations/alice/e-1/approvers",
			"pam/elevations/alice/e-1/keys",
			"catalog/actions/database/dump/context",
			"catalog/actions/database/dump/limits/windows",
			"catalog/actions/database/dump/limits/windows/1/days",
			"catalog/actions/database/dump/limits/separation",
			"catalog/actions/database/dump/limits/conditions/device/one_of",
		],
		"asserted parents": ["input/resource/properties/parents", "catalog/permits/database/query"],
	}
	some path in paths
	note := sprintf("%s: %s", [scenario, path])
	whole := object.union(_worlds[scenario], {"input": _asked[scenario]})
	list := object.get(whole, _keys(path), null)
	count(list) > 0
	turned := json.patch(whole, [fixtures.put(path, array.reverse(list))])
	_gist(fixtures.decide(turned.input, turned)) == _gist(_decided(scenario, []))
}

_keys(path) := [key |
	some part in split(path, "/")
	key := _key(part)
]

_key(part) := to_number(part) if {
	regex.match(`^[0-9]+$`, part)
} else := part

_gist(answer) := [
	answer.decision,
	{[reason.id, reason.next_action] | some reason in answer.context.reasons},
	object.get(answer.context, "valid_until", ""),
	{obligation | some obligation in answer.context.obligations},
]

# Until then, and with nothing else changed, it stays allowed: an answer promises no more than it knows.
test_valid_until_holds[note] if {
	some note, request in _asked
	end := time.parse_rfc3339_ns(_decided(note, []).context.valid_until)
	end > fixtures.now
	fixtures.decide_at(request, _worlds[note], end - 1).decision == true
	fixtures.decide_at(request, _worlds[note], end).decision == false
}

_portal := json.patch(fixtures.documents, [
	fixtures.put("/catalog/applications/orders/profile", "portal"),
	fixtures.put("/catalog/profiles", {"portal": {
		"pep": "plain-proxy",
		"actions": {"database": {name: true | some name in ["query", "dump", "rotate", "wipe"]}},
		"valid_for": 60 * fixtures.second,
	}}),
	fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
	fixtures.put("/iga/grants/scout", {"orders:dba@*": sprintf("app|g-scout|%s|||", [fixtures.seconds.ahead])}),
])

# Whatever is allowed without context is allowed with it, as long and longer, and with no more to do.
test_legacy_is_narrower[note] if {
	some [type, id] in [["human", "alice"], ["human", "dora"], ["service_account", "bot"], ["agent", "scout"], ["human", "x"]]
	some action in ["query", "dump", "rotate", "wipe", "administer", "drink"]
	note := sprintf("%s %s", [id, action])
	request := fixtures.ask_as(type, id, action)
	bare := fixtures.decide(object.remove(request, ["context"]), _portal)
	complete := fixtures.decide(json.patch(request, [fixtures.put("/context/pep", "plain-proxy")]), _portal)
	_implied(bare, complete)
}

_implied(bare, _) if bare.decision == false

_implied(bare, complete) if {
	bare.decision == true
	complete.decision == true
	time.parse_rfc3339_ns(bare.context.valid_until) <= time.parse_rfc3339_ns(complete.context.valid_until)
	{obligation | some obligation in complete.context.obligations} - {obligation | some obligation in bare.context.obligations} == set()
	"notify" in {obligation.type | some obligation in bare.context.obligations}
}

# So that the law above is about something.
test_legacy_allows_some if {
	allowed := {action |
		some action in ["query", "dump", "rotate", "wipe", "administer"]
		request := object.remove(fixtures.ask(action), ["context"])
		fixtures.decide(request, _portal).decision == true
	}
	allowed == {"query", "dump", "rotate"}
}
