# METADATA
# title: Laws of the decision
# description: What must hold of every decision, tried by taking apart and spoiling what the other tests put together.
package authz.laws_test

import data.testing.fixtures
import future.keywords.not

# Nothing of these is right anywhere.
_odd := [null, -1, "", [7], {"x": 1}]

_scenarios := {
	"a query": {"ask": fixtures.ask("query"), "to": []},
	"a dump": {"ask": fixtures.ask("dump"), "to": []},
	"a rotation": {"ask": fixtures.ask("rotate"), "to": []},
	"broken glass": {
		"ask": fixtures.ask("administer"),
		"to": [
			fixtures.drop("/pam/elevations/alice"),
			fixtures.put("/pam/break_glass/alice", {"b-1": fixtures.activation}),
		],
	},
	"an activated grant": {
		"ask": fixtures.ask("query"),
		"to": [fixtures.put("/iga/grants/alice", {"orders:dba@*": sprintf("hr|g|%s||eligible|", [fixtures.seconds.ahead])})],
	},
	"a service": {"ask": fixtures.ask_as("service_account", "bot", "query"), "to": []},
	"asserted parents": {
		"ask": object.union(fixtures.ask("query"), {"resource": {"id": "new", "properties": {"parents": ["account:prod"]}}}),
		"to": [fixtures.put("/iga/grants/alice", {"orders:dba@account:prod": sprintf("hr|g|%s|||", [fixtures.seconds.ahead])})],
	},
}

test_scenarios_are_allowed[note] if {
	some note, scenario in _scenarios
	fixtures.answer(scenario).decision == true
}

# Every field of a request, missing or of another type, is a denial, and the gates say why.
test_spoilt_request[note] if {
	some note in ["a dump", "asserted parents"] # between them every field that is read
	scenario := _scenarios[note]
	every path in _paths(scenario.ask) {
		every spoilt in _spoilt(scenario.ask, path) {
			_explained(fixtures.answer({"ask": spoilt, "to": scenario.to})) == true
		}
	}
}

# What this action asks for of the context is the request gate's matter; here only `dump` asks for any.
_paths(request) := [path |
	walk(request, [path, _])
	path != []
	not _free(request, path)
]

_free(request, ["context", "session"]) if request.action.name != "dump"

_free(request, ["context", "ticket"]) if request.action.name != "dump"

_explained(answer) if {
	answer.decision == false
	answer.context.reasons != set()
	every reason in answer.context.reasons {
		not startswith(reason.id, "decision.")
	}
}

# What the decision rests on in the documents: spoilt or gone, it denies with a reason.
test_spoilt_catalog[path] if {
	some path, scenario in _relied_on.catalog
	_spoilt_denies(path, scenario)
}

test_spoilt_config[path] if {
	some path, scenario in _relied_on.config
	_spoilt_denies(path, scenario)
}

test_spoilt_trust[path] if {
	some path, scenario in _relied_on.trust
	_spoilt_denies(path, scenario)
}

test_spoilt_iga[path] if {
	some path, scenario in _relied_on.iga
	_spoilt_denies(path, scenario)
}

test_spoilt_pam[path] if {
	some path, scenario in _relied_on.pam
	_spoilt_denies(path, scenario)
}

test_spoilt_revocations[path] if {
	some path, scenario in _relied_on.revocations
	_spoilt_denies(path, scenario)
}

# One rule a root, as the time that a test may take is limited.
_spoilt_denies(path, scenario) if {
	case := _scenarios[scenario]
	documents := json.patch(fixtures.documents, case.to)
	every spoilt in _spoilt(documents, split(path, "/")) {
		answer := fixtures.decide(case.ask, spoilt)
		answer.decision == false
		answer.context.reasons != set()
	}
}

_relied_on := {
	"catalog": {
		"catalog/actions": "a query",
		"catalog/actions/database": "a query",
		"catalog/actions/database/query": "a query",
		"catalog/actions/database/query/tier": "a query",
		"catalog/actions/database/dump/elevation": "a dump",
		"catalog/actions/database/dump/elevation/approvals": "a dump",
		"catalog/actions/database/administer/elevation/break_glass": "broken glass",
		"catalog/permits": "a query",
		"catalog/permits/database/query": "a query",
		"catalog/bundle": "a query",
		"catalog/bundle/expires_at": "a query",
	},
	"config": {
		"config": "a query",
		"config/floors": "a query",
		"config/gates": "a query",
		"config/tiers": "a query",
		"config/tiers/low/ages": "a query",
		"config/tiers/low/ages/iga": "a query",
		"config/tiers/low/ages/revocations": "a query",
		"config/tiers/low/ages/pam": "an activated grant",
		"config/tiers/high/ages/pam": "a dump",
	},
	"trust": {
		"trust": "a query",
		"trust/bundle/expires_at": "a query",
		"trust/peps/db-proxy": "a query",
		"trust/peps/db-proxy/resource_types": "a query",
		"trust/peps/db-proxy/resource_types/database": "a query",
		"trust/peps/db-proxy/asserts/parents": "asserted parents",
	},
	"iga": {
		"iga": "a query",
		"iga/bundle": "a query",
		"iga/bundle/expires_at": "a query",
		"iga/snapshots": "a query",
		"iga/guards": "a query",
		"iga/snapshots/hr": "a query",
		"iga/snapshots/hr/observed_at": "a query",
		"iga/snapshots/hr/expires_at": "a query",
		"iga/identities": "a query",
		"iga/identities/alice": "a query",
		"iga/identities/carol": "a service",
		"iga/grants/alice": "a query",
		"iga/grants/alice/orders:dba@*": "a query",
	},
	"pam": {
		"pam": "a dump",
		"pam/bundle/expires_at": "a dump",
		"pam/snapshots/bao/observed_at": "a dump",
		"pam/snapshots/bao/expires_at": "a dump",
		"pam/elevations/alice": "an activated grant",
		"pam/elevations/alice/e-1": "a dump",
		"pam/elevations/alice/e-1/system": "a dump",
		"pam/elevations/alice/e-1/keys": "a dump",
		"pam/elevations/alice/e-1/expires_at": "a dump",
		"pam/elevations/alice/e-1/requester": "a dump",
		"pam/elevations/alice/e-1/approvers": "a dump",
		"pam/elevations/alice/e-1/approvers/0": "a dump",
		"pam/elevations/alice/e-1/required": "a dump",
		"pam/elevations/alice/e-1/approved_until": "a dump",
		"pam/elevations/alice/e-1/recording": "a dump",
		"pam/break_glass/alice": "broken glass",
		"pam/break_glass/alice/b-1/keys": "broken glass",
		"pam/break_glass/alice/b-1/system": "broken glass",
		"pam/break_glass/alice/b-1/expires_at": "broken glass",
	},
	"revocations": {
		"revocations": "a query",
		"revocations/bundle": "a query",
		"revocations/bundle/issued_at": "a query",
		"revocations/bundle/expires_at": "a query",
	},
}

# Taking away what gives never opens, and neither does adding what takes.
test_less_or_worse_never_allows[note] if {
	some note, change in {
		"a grant": fixtures.drop("/iga/grants/alice"),
		"an elevation": fixtures.put("/pam/elevations/alice", {}),
		"an approver": fixtures.put("/pam/elevations/alice/e-1/approvers", []),
		"an identity": fixtures.drop("/iga/identities/alice"),
		"a snapshot of identities": fixtures.drop("/iga/snapshots/hr"),
		"a snapshot of elevations": fixtures.drop("/pam/snapshots/bao"),
		"a revoked subject": fixtures.put("/revocations/subjects/alice", {"id": "alice", "from": fixtures.now}),
		"a revoked session": fixtures.put("/revocations/sessions/s-1", {"id": "s-1", "from": fixtures.now}),
		"a revoked elevation": fixtures.put("/revocations/elevations/e-1", {"id": "e-1", "from": fixtures.now}),
		"a deny": fixtures.put("/iga/denies/alice", {"orders:dba@*": "hr|d|9223372036|||"}),
		"a floor": fixtures.put("/config/floors/iga", 8),
		"a gate": fixtures.put("/config/gates/proof", {"pass": true}),
	}
	every denied in _denials {
		documents := json.patch(json.patch(fixtures.documents, denied), [change])
		fixtures.decide(fixtures.ask("dump"), documents).decision == false
	}
}

# One denial by each gate that the documents can make deny.
_denials := [
	[fixtures.put("/iga/grants/alice", {})],
	[fixtures.put("/iga/denies/alice", {"orders:dba@account:prod": "hr|d|9223372036|||"})],
	[fixtures.put("/pam/elevations/alice/e-1/approvers", ["alice"])],
	[fixtures.put("/pam/snapshots/bao/expires_at", fixtures.now)],
	[fixtures.put("/revocations/subjects/alice", {"id": "alice", "from": fixtures.now})],
	[fixtures.put("/iga/identities/alice", "disabled|human||hr|")],
	[fixtures.put("/trust/peps/db-proxy/resource_types", {})],
]

# Members that nobody asked for change nothing.
test_unknown_members[note] if {
	some note, scenario in _scenarios
	every path in ["/extra", "/subject/extra", "/action/properties", "/resource/extra", "/context/extra"] {
		with_it := object.union(scenario, {"with": [fixtures.put(path, {"decision": true, "id": "root"})]})
		fixtures.answer(with_it) == fixtures.answer(scenario)
	}
}

# The value with something odd in the place of what is at the path, and, except at the top, with nothing there.
_spoilt(value, path) := array.concat(
	[json.patch(value, [{"op": "replace", "path": _texts(path), "value": odd}]) |
		some odd in _odd
		odd != object.get(value, path, null)
	],
	[json.patch(value, [{"op": "remove", "path": _texts(path)}]) | count(path) > 1],
)

_texts(path) := [sprintf("%v", [part]) | some part in path]
