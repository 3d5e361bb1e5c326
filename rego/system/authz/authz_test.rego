package system.authz_test

import data.system.authz
import future.keywords.not

_callers := {
	crypto.sha256("pep-token"): {"pep": "db-proxy"},
	crypto.sha256("operator-token"): {"operator": true},
	crypto.sha256(""): {"pep": "db-proxy", "operator": true},
}

_ask(pep) := {"subject": {"type": "human", "id": "alice"}, "context": {"pep": pep}}

_v1 := {
	"method": "POST",
	"path": ["v1", "data", "authz", "evaluation"],
	"params": {},
	"identity": "pep-token",
	"body": {"input": _ask("db-proxy")},
}

_v0 := {
	"method": "POST",
	"path": ["v0", "data", "authz", "evaluation"],
	"params": {},
	"identity": "pep-token",
	"body": _ask("db-proxy"),
}

_get(path, identity) := {"method": "GET", "path": path, "params": {}, "identity": identity}

_may(call) if {
	authz.allow with input as call with data.trust.callers as _callers
}

test_may[note] if {
	some note, call in {
		"v1": _v1,
		"v1 in nobody's name": json.remove(_v1, ["body/input/context/pep"]),
		"v0 in nobody's name": json.remove(_v0, ["body/context/pep"]),
		"v1 without body": object.remove(_v1, ["body"]),
		"v1 with null": object.union(_v1, {"body": null}),
		"v0 without body": object.remove(_v0, ["body"]),
		"v1 path and v0 body": object.union(object.remove(_v1, ["body"]), {"body": _ask("db-proxy")}),
		"v0 path and v1 body": object.union(object.remove(_v0, ["body"]), {"body": {"input": _ask("db-proxy")}}),
		"v0": _v0,
		"v1, read by people": object.union(_v1, {"params": {"pretty": ["true"], "metrics": [""], "provenance": [""]}}),
		"status": _get(["v1", "status"], "operator-token"),
		"metrics": _get(["metrics"], "operator-token"),
		"health": {"method": "GET", "path": ["health"]},
		"liveness": {"method": "GET", "path": ["health", "live"]},
		"readiness": {"method": "GET", "path": ["health", "ready"]},
	}
	_may(call)
}

test_may_not[note] if {
	some note, call in {
		"nothing": {},
		"null": null,
		"v1 in the name of what is no text": object.union(_v1, {"body": {"input": _ask(["db-proxy"])}}),
		"v1 in another's name and null": object.union(_v1, {"body": {"input": _ask(null)}}),
		"v0 without body and token": object.remove(_v0, ["body", "identity"]),
		"no token": object.remove(_v1, ["identity"]),
		"empty token": object.union(_v1, {"identity": ""}),
		"unknown token": object.union(_v1, {"identity": "other"}),
		"token that is no text": object.union(_v1, {"identity": 1}),
		"the hash for the token": object.union(_v1, {"identity": crypto.sha256("pep-token")}),
		"v1 in another's name": object.union(_v1, {"body": {"input": _ask("ledger-api")}}),
		"v0 in another's name": object.union(_v0, {"body": _ask("ledger-api")}),
		"v1 explained": object.union(_v1, {"params": {"explain": ["full"]}}),
		"v0 explained": object.union(_v0, {"params": {"explain": ["full"]}}),
		"v1 instrumented": object.union(_v1, {"params": {"instrument": [""]}}),
		"v1 without parameters said": object.remove(_v1, ["params"]),
		"v1 by GET": object.union(_v1, {"method": "GET"}),
		"v1 by PUT": object.union(_v1, {"method": "PUT"}),
		"below the entrypoint": object.union(_v1, {"path": ["v1", "data", "authz", "evaluation", "decision"]}),
		"above the entrypoint": object.union(_v1, {"path": ["v1", "data", "authz"]}),
		"with a slash behind": object.union(_v1, {"path": ["v1", "data", "authz", "evaluation", ""]}),
		"with a slash in a part": object.union(_v1, {"path": ["v1", "data", "authz/evaluation"]}),
		"the facts": object.union(_v1, {"path": ["v1", "data", "authz", "facts", "grant"]}),
		"the data": object.union(_v1, {"path": ["v1", "data", "iga"]}),
		"an ad hoc query": object.union(_v1, {"path": ["v1", "query"]}),
		"a compilation": object.union(_v1, {"path": ["v1", "compile", "authz", "evaluation"]}),
		"the default decision": object.union(_v1, {"path": [""]}),
		"an operator's decision": object.union(_v1, {"identity": "operator-token"}),
		"a PEP's status": _get(["v1", "status"], "pep-token"),
		"a PEP's metrics": _get(["metrics"], "pep-token"),
		"metrics without token": {"method": "GET", "path": ["metrics"], "params": {}},
		"metrics by POST": object.union(_get(["metrics"], "operator-token"), {"method": "POST"}),
		"the configuration": _get(["v1", "config"], "operator-token"),
		"the policies": _get(["v1", "policies"], "operator-token"),
		"all data": _get(["v1", "data"], "operator-token"),
		"other health": {"method": "GET", "path": ["health", "other"]},
		"health by POST": {"method": "POST", "path": ["health"]},
	}
	not _may(call)
}

# Without the trust document nobody is known, and the answer is still defined.
test_without_trust if authz.allow == false with input as _v1

test_caller_who_is_neither if {
	answer := authz.allow with input as _get(["metrics"], "pep-token")
		with data.trust.callers as {crypto.sha256("pep-token"): {"operator": "no"}}
	answer == false
}
