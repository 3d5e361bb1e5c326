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
