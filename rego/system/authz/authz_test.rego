package system.authz_test

import data.system.authz
import future.keywords.not

_callers := {
	crypto.sha256("pep-token"): {"pep": "db-proxy"},
	crypto.sha256("operator-token"): {"operator": true},
	crypto.sha256("portal-token"): {"pep": "portal"},
	crypto.sha256("other-portal-token"): {"pep": "other-portal"},
	crypto.sha256(""): {"pep": "db-proxy", "operator": true},
	crypto.sha256("CN=db-proxy"): {"pep": "db-proxy", "operator": true},
}

_workloads := {
	"spiffe://prod.example/db-proxy": {"pep": "db-proxy"},
	"spiffe://prod.example/operator": {"operator": true},
	"spiffe://prod.example/portal": {"pep": "portal"},
}

# Two applications that cannot pass context, each behind an enforcement point of its own.
_catalog := {
	"applications": {
		"orders": {"title": "Orders"},
		"sheets": {"title": "Sheets", "profile": "sheets"},
		"badges": {"title": "Badges", "profile": "badges"},
	},
	"actions": {
		"database": {"query": {"application": "orders"}},
		"sheet": {"read": {"application": "sheets"}},
		"badge": {"read": {"application": "badges"}},
	},
	"profiles": {
		"sheets": {"pep": "portal", "actions": {"sheet": {"read": true}}},
		"badges": {"pep": "other-portal", "actions": {"badge": {"read": true}}},
	},
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

# What an application sends that cannot pass context.
_bare(type) := {
	"subject": {"type": "human", "id": "alice"},
	"action": {"name": "read"},
	"resource": {"type": type, "id": "1"},
}

_by_portal := object.union(_v1, {"identity": "portal-token"})

# The part of a certificate that is looked at, as OPA 1.22.2 gave it in a connection; `san` is the extension as the
# certificate held it, in base64.
_leaf(path, san) := {
	"BasicConstraintsValid": true,
	"Extensions": [
		{"Critical": true, "Id": [2, 5, 29, 19], "Value": "MAA="},
		{"Critical": true, "Id": [2, 5, 29, 15], "Value": "AwIHgA=="},
		{"Critical": false, "Id": [2, 5, 29, 17], "Value": san},
	],
	"IsCA": false,
	"KeyUsage": 1,
	"NotAfter": "2027-01-15T09:00:00Z",
	"NotBefore": "2027-01-15T07:00:00Z",
	"URIs": [{"Scheme": "spiffe", "Host": "prod.example", "Path": path, "RawPath": "", "RawQuery": "", "User": null}],
}

_proxy := _leaf("/db-proxy", "MCCGHnNwaWZmZTovL3Byb2QuZXhhbXBsZS9kYi1wcm94eQ==")

_operator := _leaf("/operator", "MCCGHnNwaWZmZTovL3Byb2QuZXhhbXBsZS9vcGVyYXRvcg==")

_shown(call, leaf) := object.union(call, {"identity": "CN=db-proxy", "client_certificates": [leaf]})

_with_header(call, values) := object.union(call, {"headers": {"Accept": ["*/*"], "Authorization": values}})

_may(call) if _may_at(call, 1800000000000000000)

_may_at(call, instant) if {
	authz.allow with input as call
		with data.trust.callers as _callers
		with data.trust.workloads as _workloads
		with data.catalog as _catalog
		with time.now_ns as instant
}

test_may[note] if {
	some note, call in {
		"v1": _v1,
		"v1 of a portal": object.union(object.remove(_by_portal, ["body"]), {"body": {"input": _bare("sheet")}}),
		"v0 of a portal": object.union(object.remove(_v0, ["body"]), {"identity": "portal-token", "body": _bare("sheet")}),
		"of a portal, in its name": object.union(_by_portal, {"body": {"input": _ask("portal")}}),
		"of a portal, for an application with context": object.union(
			object.remove(_by_portal, ["body"]),
			{"body": {"input": object.union(_bare("database"), {"action": {"name": "query"}})}},
		),
		"of a portal, for what nobody knows": object.union(
			object.remove(_by_portal, ["body"]),
			{"body": {"input": _bare("moon")}},
		),
		"of a portal, without body": object.remove(_by_portal, ["body"]),
		"of a portal, with null": object.union(_by_portal, {"body": null}),
		"of a portal, with other context": object.union(
			object.remove(_by_portal, ["body"]),
			{"body": {"input": object.union(_bare("sheet"), {"context": {"session": "s-1"}})}},
		),
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
		"v1 in nobody's name": json.remove(_v1, ["body/input/context/pep"]),
		"v1 without context": json.remove(_v1, ["body/input/context"]),
		"v1 with empty context": object.union(json.remove(_v1, ["body/input/context"]), {"body": {"input": {"context": {}}}}),
		"v0 in nobody's name": json.remove(_v0, ["body/context/pep"]),
		"v1 without body": object.remove(_v1, ["body"]),
		"v1 with null": object.union(_v1, {"body": null}),
		"v0 without body": object.remove(_v0, ["body"]),
		"v1 path and v0 body": object.union(object.remove(_v1, ["body"]), {"body": _ask("db-proxy")}),
		"v0 path and v1 body": object.union(object.remove(_v0, ["body"]), {"body": {"input": _ask("db-proxy")}}),
		"a bare request that is not a portal's": object.union(object.remove(_v1, ["body"]), {"body": {"input": _bare("sheet")}}),
		"a portal for another's application": object.union(
			object.remove(_by_portal, ["body"]),
			{"body": {"input": _bare("badge")}},
		),
		"a portal for another's, v0": object.union(
			object.remove(_v0, ["body"]),
			{"identity": "other-portal-token", "body": _bare("sheet")},
		),
		"a portal in another's name": object.union(_by_portal, {"body": {"input": _ask("db-proxy")}}),
		"a portal in the name of null": object.union(_by_portal, {"body": {"input": _ask(null)}}),
		"a portal in the name of false": object.union(_by_portal, {"body": {"input": _ask(false)}}),
		"an operator in nobody's name": object.union(
			object.remove(_v1, ["body"]),
			{"identity": "operator-token", "body": {"input": _bare("sheet")}},
		),
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

test_by_certificate[note] if {
	some note, call in {
		"v1": _shown(_v1, _proxy),
		"v0": _shown(_v0, _proxy),
		"its chain": object.union(_v1, {"identity": "", "client_certificates": [_proxy, {"IsCA": true, "KeyUsage": 96}]}),
		"without a name": object.remove(_shown(_v1, _proxy), ["identity"]),
		"other headers": object.union(_shown(_v1, _proxy), {"headers": {"Accept": ["*/*"]}}),
		"its own token beside it": _with_header(_shown(_v1, _proxy), ["Bearer pep-token"]),
		"health without one": {"method": "GET", "path": ["health"], "params": {}, "headers": {}},
		"metrics": _shown(_get(["metrics"], ""), _operator),
		"status": _shown(_get(["v1", "status"], ""), _operator),
		"a portal's": _shown(
			object.union(object.remove(_v1, ["body"]), {"body": {"input": _bare("sheet")}}),
			_leaf("/portal", "MB6GHHNwaWZmZTovL3Byb2QuZXhhbXBsZS9wb3J0YWw="),
		),
	}
	_may(call)
}

test_not_by_certificate[note] if {
	some note, call in {
		"in another's name": object.union(_shown(_v1, _proxy), {"body": {"input": _ask("ledger-api")}}),
		"in nobody's name": json.remove(_shown(_v1, _proxy), ["body/input/context"]),
		"metrics of a PEP": _shown(_get(["metrics"], ""), _proxy),
		"a decision of an operator": _shown(_v1, _operator),
		"the data": _shown(object.union(_v1, {"path": ["v1", "data", "iga"]}), _proxy),
		"another workload": _shown(_v1, _leaf("/other", "MB2GG3NwaWZmZTovL3Byb2QuZXhhbXBsZS9vdGhlcg==")),
		"another trust domain": _shown(_v1, json.patch(
			_proxy,
			[{"op": "replace", "path": "/URIs/0/Host", "value": "test.example"}],
		)),
		"no name": _shown(_v1, object.union(_proxy, {"URIs": null})),
		"no names": _shown(_v1, object.union(_proxy, {"URIs": []})),
		"two names": _shown(_v1, object.union(
			_leaf("/db-proxy", "MECGHnNwaWZmZTovL3Byb2QuZXhhbXBsZS9kYi1wcm94eYYec3BpZmZlOi8vcHJvZC5leGFtcGxlL29wZXJhdG9y"),
			{"URIs": array.concat(_proxy.URIs, _operator.URIs)},
		)),
		"upper case": _shown(_v1, _leaf("/db-proxy", "MCCGHlNQSUZGRTovL3Byb2QuZXhhbXBsZS9kYi1wcm94eQ==")),
		"an empty fragment": _shown(_v1, _leaf("/db-proxy", "MCGGH3NwaWZmZTovL3Byb2QuZXhhbXBsZS9kYi1wcm94eSM=")),
		"an escape": _shown(_v1, _leaf("/db-proxy", "MCKGIHNwaWZmZTovL3Byb2QuZXhhbXBsZS9kYiUyRHByb3h5")),
		"a CA": _shown(_v1, object.union(_proxy, {"IsCA": true})),
		"a key that signs certificates": _shown(_v1, object.union(_proxy, {"KeyUsage": 33})),
		"a key that signs lists of revoked ones": _shown(_v1, object.union(_proxy, {"KeyUsage": 65})),
		"a key that does not sign": _shown(_v1, object.union(_proxy, {"KeyUsage": 4})),
		"a key of unknown use": _shown(_v1, object.remove(_proxy, ["KeyUsage"])),
		"no end": _shown(_v1, object.remove(_proxy, ["NotAfter"])),
		"no extension": _shown(_v1, object.remove(_proxy, ["Extensions"])),
		"the second of a chain": object.union(_v1, {"identity": "", "client_certificates": [{"IsCA": true}, _proxy]}),
		"none, and a token": object.union(_v1, {"client_certificates": []}),
		"null, and a token": object.union(_v1, {"client_certificates": null}),
		"one without SPIFFE ID, and a token": object.union(_v1, {"client_certificates": [{"URIs": null}]}),
		"another's token beside it": _with_header(_shown(_v1, _proxy), ["Bearer portal-token"]),
		"an unknown token beside it": _with_header(_shown(_v1, _proxy), ["Bearer other"]),
		"an empty token beside it": _with_header(_shown(_v1, _proxy), ["Bearer"]),
		"something else beside it": _with_header(_shown(_v1, _proxy), ["Basic pep-token"]),
		"two tokens beside it": _with_header(_shown(_v1, _proxy), ["Bearer pep-token", "Bearer portal-token"]),
		"its token beside another's": _with_header(_shown(_v1, _operator), ["Bearer pep-token"]),
		"a token in the header alone": _with_header(object.remove(_v1, ["identity"]), ["Bearer pep-token"]),
	}
	not _may(call)
}

# A connection may outlive the certificate that it began with.
test_until_it_ends if {
	_may_at(_shown(_v1, _proxy), 1800003599999999999)
	not _may_at(_shown(_v1, _proxy), 1800003600000000000)
	not _may_at(_shown(_v1, _proxy), 1800003600000000001)
}

# Without the trust document nobody is known, and the answer is still defined.
test_without_trust if authz.allow == false with input as _v1

test_certificate_without_trust if authz.allow == false with input as _shown(_v1, _proxy)

test_portal_without_catalogue if {
	answer := authz.allow with input as object.union(object.remove(_by_portal, ["body"]), {"body": {"input": _bare("sheet")}})
		with data.trust.callers as _callers
	answer == false
}

test_caller_who_is_neither if {
	answer := authz.allow with input as _get(["metrics"], "pep-token")
		with data.trust.callers as {crypto.sha256("pep-token"): {"operator": "no"}}
	answer == false
}
