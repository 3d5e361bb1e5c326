package system.log_test

import data.system.log
import data.testing.fixtures
import future.keywords.not

_masked(event) := mask if {
	mask := log.mask with input as event with data.catalog as fixtures.documents.catalog
}

_put(value) := {{"op": "upsert", "path": "/input", "value": value}}

# What decides is logged as it came; and then nothing is replaced, which costs least.
test_nothing_to_hide[note] if {
	some note, request in {
		"query": fixtures.ask("query"),
		"dump": fixtures.ask("dump"),
		"parents": object.union(fixtures.ask("query"), {"resource": {"properties": {"parents": ["account:prod"]}}}),
		"all that an agent says in words": object.union(
			fixtures.ask("query"),
			{"context": {"task": "t-1", "tool": "sql", "mandate": "m-1", "environment": "prod"}},
		),
		"nothing": {},
		"odd values": {"subject": {"id": 7, "type": null}, "action": {"name": true}},
	}
	_masked({"path": "authz/evaluation", "input": request}) == set()
}

test_hidden[note] if {
	some note, where in {
		"credential": "/context/credential",
		"token": "/context/token",
		"password": "/context/password",
		"any other name": "/context/x-y z~0%zz",
		"properties of the subject": "/subject/properties",
		"properties of the action": "/action/properties",
		"properties of the resource": "/resource/properties",
		"another member of the subject": "/subject/jwt",
		"another member of the request": "/authorization",
	}
	every secret in ["s3cret", {"token": "s3cret"}, [["s3cret"]], 7] {
		_masked({"input": json.patch(fixtures.ask("dump"), [fixtures.put(where, secret)])}) == _put(fixtures.ask("dump"))
	}
}

test_hidden_in_a_known_place[note] if {
	some note, [path, value, kept] in {
		"session": ["/context/session", {"token": "s3cret"}, json.remove(fixtures.ask("dump"), ["context/session"])],
		"id": ["/subject/id", ["s3cret"], json.remove(fixtures.ask("dump"), ["subject/id"])],
		"context": ["/context", "s3cret", json.remove(fixtures.ask("dump"), ["context"])],
		"subject": ["/subject", ["s3cret"], json.remove(fixtures.ask("dump"), ["subject"])],
		"beside the parents": [
			"/resource/properties",
			{"parents": ["a:b"], "token": "s3cret"},
			object.union(fixtures.ask("dump"), {"resource": {"properties": {"parents": ["a:b"]}}}),
		],
		"among the parents": ["/resource/properties", {"parents": ["a:b", {"token": "s3cret"}]}, fixtures.ask("dump")],
		"for the parents": ["/resource/properties", {"parents": "s3cret"}, fixtures.ask("dump")],
	}
	_masked({"input": json.patch(fixtures.ask("dump"), [fixtures.put(path, value)])}) == _put(kept)
}

test_context_that_the_catalogue_asks_for if {
	catalog := json.patch(
		fixtures.documents.catalog,
		[fixtures.put("/actions/database/dump/context", ["amount"])],
	)
	event := {"input": json.patch(fixtures.ask("dump"), [fixtures.put("/context/amount", 7)])}
	mask := log.mask with input as event with data.catalog as catalog
	mask == set()
}

# A request with everything in it that decides, and a secret beside each.
_catalog := {"actions": {"database": {"dump": {
	"context": ["session", "region", "signature", "token", "credential", "chain", 7],
	"limits": {
		"parameters": {"amount": {"max": 9}, "rows": {"max": 9}},
		"conditions": {"device": {"one_of": ["managed"]}},
		"counters": {"dumps": 3},
	},
}}}}

_pam := {
	"elevations": {"alice": {"e-1": {}}},
	"mandates": {"alice": {"m-1": {
		"limits": {"calls": 5},
		"approvals": {"t-1": {"id": "a-1"}, "t-2": {"id": "a-2"}},
	}}},
}

_asked := {
	"subject": {"type": "agent", "id": "alice", "properties": {"x": "s3cret"}},
	"action": {"name": "dump", "properties": {"amount": 7, "rows": {"x": "s3cret"}, "note": "s3cret"}},
	"resource": {"type": "database", "id": "orders-prod", "properties": {"x": "s3cret"}},
	"context": {
		"pep": "db-proxy",
		"session": "s-1",
		"ticket": "CHG-1",
		"task": "t-1",
		"tool": "sql",
		"mandate": "m-1",
		"environment": "prod",
		"region": "eu",
		"token": "s3cret",
		"signature": "s3cret",
		"credential": {
			"kind": "wit", "token": "s3cret", "certificate": "s3cret", "dpop": "s3cret",
			"wpt": "s3cret", "method": "GET", "url": "https://db.example/?s3cret", "x": "s3cret",
		},
		"chain": {
			"id": "c-1",
			"history": [{"action": "query", "type": "database", "id": "1", "x": "s3cret"}, "s3cret", {"action": ["s3cret"]}],
			"x": "s3cret",
		},
		"history": [{"action": "dump", "subject": "bot", "x": "s3cret"}, ["s3cret"]],
		"counters": {"calls": 1, "dumps": 2, "s3cret": 3, "calls2": 4},
		"uses": {"e-1": 1, "a-1": 0, "a-2": 5, "s3cret": 2},
		"confirmations": ["carol"],
		"conditions": {"device": "managed", "s3cret": "x", "network": "s3cret"},
	},
}

_left := {
	"subject": {"type": "agent", "id": "alice"},
	"action": {"name": "dump", "properties": {"amount": 7}},
	"resource": {"type": "database", "id": "orders-prod"},
	"context": {
		"pep": "db-proxy",
		"session": "s-1",
		"ticket": "CHG-1",
		"task": "t-1",
		"tool": "sql",
		"mandate": "m-1",
		"environment": "prod",
		"region": "eu",
		"credential": {"kind": "wit"},
		"chain": {"id": "c-1", "history": [{"action": "query", "type": "database", "id": "1"}, {}]},
		"history": [{"action": "dump", "subject": "bot"}],
		"counters": {"calls": 1, "dumps": 2},
		"uses": {"e-1": 1, "a-1": 0},
		"confirmations": ["carol"],
		"conditions": {"device": "managed"},
	},
}

_mask_of(request) := mask if {
	mask := log.mask with input as {"input": request} with data.catalog as _catalog with data.pam as _pam
}

test_what_decides_is_kept if _mask_of(_asked) == _put(_left)

# The request that a proof came with and nothing else: its kind is kept, and its other parts as they came.
test_a_proof_alone[kind] if {
	some kind in ["access-token", "wit", ""]
	_mask_of(object.union(fixtures.ask("dump"), {"context": {"credential": {"kind": kind, "token": "s3cret", "url": "s3cret"}}})) == _put(object.union(fixtures.ask("dump"), {"context": {"credential": {"kind": kind}}}))
}

test_a_proof_and_something_odd[note] if {
	some note, change in {
		"subject": {"subject": {"id": ["s3cret"]}},
		"another member": {"subject": {"jwt": "s3cret"}},
		"another part": {"proof": "s3cret"},
		"context": {"context": {"session": {"x": "s3cret"}}},
		"other context": {"context": {"x": "s3cret"}},
		"kind": {"context": {"credential": {"kind": ["s3cret"]}}},
	}
	request := object.union(fixtures.ask("dump"), {"context": {"credential": {"kind": "wit", "token": "s3cret"}}})
	[mask] = [mask | some mask in _mask_of(object.union(request, change))]
	not contains(json.marshal(mask), "s3cret")
}

# And what is left is all of it.
test_nothing_is_hidden_twice if _mask_of(_left) == set()

_members := {
	"parts": {"/subject", "/action", "/resource", "/context", "/action/properties", "/resource/properties", "/subject/id"},
	"texts": {"/context/pep", "/context/task", "/context/mandate", "/context/region", "/context/signature", "/context/token"},
	"chain": {
		"/context/chain", "/context/chain/id", "/context/chain/history", "/context/chain/history/0",
		"/context/chain/history/0/action", "/context/history", "/context/history/0", "/context/history/0/subject",
	},
	"numbers": {"/context/counters", "/context/counters/calls", "/context/uses", "/context/uses/e-1"},
	"others": {
		"/context/confirmations", "/context/confirmations/0", "/context/conditions", "/context/conditions/device",
		"/context/credential", "/context/credential/kind", "/action/properties/amount",
	},
}

_odd := [
	null, -1.5, "s3cret", ["s3cret"], [[["s3cret"]]], [{}], {"s3cret": {"s3cret": "s3cret"}},
	[{"action": {"s3cret": 1}}], {"parents": ["s3cret", 1]}, {"kind": {"x": "s3cret"}},
	{"history": {"x": "s3cret"}, "id": ["s3cret"]},
]

# Where a text of the caller's own is kept, because it decides.
_free := {
	"/subject/type", "/subject/id", "/action/name", "/action/properties/amount", "/resource/type", "/resource/id",
	"/context/pep", "/context/session", "/context/task", "/context/mandate", "/context/region",
	"/context/credential/kind", "/context/chain/id", "/context/chain/history/0/action", "/context/history/0/subject",
	"/context/confirmations/0", "/context/conditions/device",
}

_open(where, "s3cret") if where in _free

_open("/context/confirmations", ["s3cret"])

# Any value in any place: one mask, an object of the four parts, and in it no word but those that decide.
test_odd_parts[where] if {
	some where in _members.parts
	_sound(where)
}

test_odd_texts[where] if {
	some where in _members.texts
	_sound(where)
}

test_odd_chain[where] if {
	some where in _members.chain
	_sound(where)
}

test_odd_numbers[where] if {
	some where in _members.numbers
	_sound(where)
}

test_odd_others[where] if {
	some where in _members.others
	_sound(where)
}

_sound(where) if {
	every value in _odd {
		[{"op": "upsert", "path": "/input", "value": kept}] = [mask |
			some mask in _mask_of(json.patch(_asked, [fixtures.put(where, value)]))
		]
		object.keys(kept) - {"subject", "action", "resource", "context"} == set()
		[true |
			not _open(where, value)
			contains(json.marshal(kept), "s3cret")
		] == []
	}
}

# The words are kept where they decide, so that the search above would have found them elsewhere.
test_words_that_decide[where] if {
	some where in _free
	[mask] = [mask | some mask in _mask_of(json.patch(_asked, [fixtures.put(where, "s3cret")]))]
	contains(json.marshal(mask.value), "s3cret")
}

# With parents that are texts, of a resource that need not be known.
test_parents if {
	asked := json.patch(_asked, [fixtures.put("/resource/properties", {"parents": ["account:prod"], "x": "s3cret"})])
	_mask_of(asked) == _put(object.union(_left, {"resource": {"properties": {"parents": ["account:prod"]}}}))
}

# Documents that are not loaded, or not what they should be, hide more and fail nothing.
test_documents[note] if {
	some note, [catalog, pam] in {
		"none": [{}, {}],
		"null": [null, null],
		"actions of another type": [{"actions": []}, {"mandates": 7, "elevations": "e-1"}],
		"limits of another type": [
			{"actions": {"database": {"dump": {"limits": ["amount"], "context": "token"}}}},
			{"mandates": {"alice": {"m-1": {"limits": "calls", "approvals": []}}}},
		],
		"members of another type": [
			{"actions": {"database": {"dump": {"limits": {"parameters": 1, "conditions": "x", "counters": null}}}}},
			{"mandates": {"alice": {"m-1": null}}, "elevations": {"alice": ["e-1"]}},
		],
	}
	masks := log.mask with input as {"input": _asked} with data.catalog as catalog with data.pam as pam
	masks == _put(json.patch(_left, [
		fixtures.drop("/action/properties"),
		fixtures.drop("/context/region"),
		fixtures.put("/context/counters", {}),
		fixtures.put("/context/uses", {}),
		fixtures.put("/context/conditions", {}),
	]))
}

# Odd events, and no catalogue: always a set, which is what OPA needs.
test_total[note] if {
	some note, [event, mask] in {
		"no event": [null, set()],
		"no request": [{"path": "x"}, set()],
		"null": [{"input": null}, _put({})],
		"text": [{"input": "s3cret"}, _put({})],
		"list": [{"input": ["s3cret"]}, _put({})],
		"number": [{"input": 7}, _put({})],
		"parts of other kinds": [{"input": {"subject": 1, "action": [], "resource": "x", "context": null}}, _put({})],
	}
	_masked(event) == mask
}

test_without_catalogue if {
	mask := log.mask with input as {"input": fixtures.ask("dump")}
	mask == set()
}
