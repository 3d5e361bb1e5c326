package authz.gates.proof_test

import data.testing.credentials
import data.testing.fixtures
import future.keywords.not

# The organisation of the fixtures, with those who issued the credentials, and an agent.
_documents := json.patch(fixtures.documents, array.concat(
	[fixtures.put(sprintf("/trust/%s", [name]), value) | some name, value in credentials.trust],
	[
		fixtures.put("/trust/peps", object.union(fixtures.documents.trust.peps, credentials.peps)),
		fixtures.put("/iga/proofs", credentials.proofs),
		fixtures.put("/iga/identities/robot", "active|agent|prod|cmdb|carol"),
	],
))

# What the gate says of a case `{ask, with?, to?, at?}`, and the proof that the others go by.
_gate(case) := {"verdict": said.verdict, "reasons": said.reasons, "proof": said.proof} if {
	request := json.patch(case.ask, object.get(case, "with", []))
	docs := json.patch(_documents, object.get(case, "to", []))
	instant := object.get(case, "at", fixtures.now)
	said := _said with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.trust as docs.trust
		with time.now_ns as instant
}

_said := {
	"verdict": data.authz.gates.proof.verdict,
	"reasons": {trim_prefix(reason.id, "proof.") | some reason in data.authz.gates.proof.reasons},
	"proof": [proof | proof := data.authz.facts.proof],
}

# It came out as the case says: with these reasons and no proof, or with none and a proof.
_holds(case) if {
	case.reasons == set()
	gate := _gate(case)
	gate.verdict.pass == true
	gate.reasons == set()
	count(gate.proof) == 1
}

_holds(case) if {
	case.reasons != set()
	gate := _gate(case)
	gate.verdict == {"pass": false}
	gate.reasons == case.reasons
	gate.proof == []
}

_bring(subject, credential) := json.patch(fixtures.ask("query"), [
	fixtures.put("/subject/id", subject),
	fixtures.put("/context/credential", credential),
])

# Whose the credentials of a kind are, but for those that say something else.
_subject("access-token") := "alice"

_subject("txn-token") := "alice"

_subject(kind) := "bot" if kind in {"github", "jwt-svid", "kubernetes", "wit", "x509-svid"}

_show(name) := _bring(_subject(credentials.shown[name].kind), credentials.shown[name])

_good := {
	"plain", "rs384", "rs512", "ps384", "ps512", "rs256", "ps256", "eddsa", "es384", "es512", "two audiences", "ledger audience", "media type",
	"unknown members", "embedded jwk ignored", "begins later, inside the leeway", "issued later, inside the leeway",
	"ended, inside the leeway", "lifetime at its limit", "fraction of a second", "text like a number that has no end",
	"svid", "svid audience a text", "svid without iat", "svid without iat, at the limit", "svid typ jose", "svid no typ",
	"svid with jti", "kubernetes", "github", "txn", "dpop", "dpop, url with query", "dpop ahead by 60 s", "dpop 59 s old",
	"dpop es384", "dpop ps256", "dpop rs256", "dpop eddsa", "wit", "wit at the audience", "wit proof at its limit", "x509",
	"x509 crlf", "x509 with a dns name", "x509 client only", "x509 no extended usage", "x509 name of 120",
	"x509 name of 200", "x509 name of 300", "x509 ends in a second", "x509 lifetime at its limit", "mtls",
	"mtls, bare leaf", "mtls and dpop",
}

_bad := {
	"malformed": {
		"alg none", "alg missing", "kid missing", "kid a number", "kid a list", "typ a number", "cty a number", "crit",
		"crit null", "enc", "four parts", "two parts", "part of impossible length", "header of impossible length", "padded",
		"line end", "signature of another length", "header no object", "header no json", "payload no object",
		"payload no json", "payload with a number that has no end", "long", "iss missing", "iss a number", "exp missing",
		"exp text", "iat missing", "iat text", "nbf text", "sub missing", "sub empty", "sub a number", "client_id missing",
		"jti missing", "act without sub", "act a text", "act of another issuer", "svid no sub", "svid with a user", "svid with a port",
		"svid with a slash at its end", "svid percent-encoded", "svid percent-encoded slash", "svid domain in upper case",
		"svid scheme in upper case", "svid with a query", "svid with an empty query", "svid with a fragment",
		"svid with an empty fragment", "svid with two dots", "svid ending in two dots", "svid with a dot",
		"svid with an empty segment", "svid without a path", "svid of another scheme", "svid too long",
		"x509 with a user", "x509 with a port", "x509 with a slash at its end", "x509 percent-encoded",
		"x509 percent-encoded slash", "x509 domain in upper case", "x509 scheme in upper case", "x509 with a query",
		"x509 with an empty query", "x509 with a fragment", "x509 with an empty fragment", "x509 with two dots",
		"x509 ending in two dots", "x509 with a dot", "x509 with an empty segment", "x509 without a path",
		"x509 of another scheme", "x509 too long", "x509 two names", "x509 beside a mail address", "x509 spelt aright in another name", "x509 no name", "x509 intermediate first",
		"x509 missing", "x509 a number", "x509 no pem", "x509 pem of nothing", "x509 pem no base64", "x509 long",
		"x509 two in one block", "kubernetes sub of another", "kubernetes namespace of another", "kubernetes uid a number",
		"kubernetes no claims", "github environment with a colon", "github id with a colon", "github id a number",
		"github environment a number", "github no workflow", "txn audience a list", "txn no txn", "txn no requester",
		"txn no iat",
	},
	"invalid": {
		"alg none, a signature", "hs256 with the public key", "another alg in the header", "signed by another",
		"embedded jwk signs", "typ of an id token", "typ missing", "signature cut", "payload changed", "wit typ jwt",
		"x509 ca", "x509 signs certificates", "x509 signs lists", "x509 does not sign", "x509 no intermediate",
		"x509 by another domain", "x509 of another domain", "x509 changed", "x509 under an intermediate that has ended", "x509 that tells two times",
	},
	"issuer_unknown": {
		"iss unknown", "iss look-alike", "iss slash", "payload not utf-8", "svid of a sub-domain", "svid of a longer domain",
		"x509 domain unknown", "txn another domain",
	},
	"key_unknown": {
		"kid of another issuer", "kid of another use", "kid unknown", "kid empty", "kid path", "kid long path",
		"kid prototype", "kid star", "kid upper case", "svid by a key of another domain", "svid of another domain, our key",
		"svid by a wit key", "svid by a txn key",
	},
	"expired": {"exp at now", "x509 expired", "x509 ends now"},
	"not_yet_valid": {"iat ahead", "nbf ahead", "x509 not begun", "x509 end of February"},
	"lifetime": {
		"exp huge", "exp beyond counting", "exp far", "exp before iat", "lifetime over", "svid without iat, too long",
		"github too long", "x509 lifetime over", "x509 without end",
	},
	"audience": {
		"aud missing", "aud of another", "aud a number", "aud empty list", "aud star", "svid two audiences", "wit with aud",
	},
	"binding_missing": {
		"dpop missing", "cnf jkt a number", "cnf jkt and unknown", "cnf jwk", "mtls missing", "mtls without its dpop",
		"wit alone", "wit without jwk",
	},
	"binding_invalid": {
		"cnf unknown", "cnf empty", "cnf a text", "dpop 60 s old", "dpop ahead by 61 s", "dpop iat text", "dpop other method",
		"dpop method in lower case", "dpop other url", "dpop htu with query", "dpop other token", "dpop no ath", "dpop no jti",
		"dpop by the thief", "dpop by the thief, jwk of the holder", "dpop with a private member", "dpop symmetric",
		"dpop jwk a text", "dpop jwk short", "dpop no jwk", "dpop alg none", "dpop alg es512", "dpop es512, bound",
		"dpop typ jwt", "dpop a number", "dpop no method", "dpop no url", "dpop without its mtls", "mtls by the thief",
		"mtls no pem", "wit proof too long", "wit proof ended", "wit proof of another wit", "wit proof for another url",
		"wit url of another", "wit url that begins alike", "wit proof by the thief", "wit proof typ jwt",
		"wit proof alg other", "wit proof without jti", "wit without cnf", "wit jwk without alg", "wit jwk private",
		"wit jwk rsa short",
	},
	"identity_unknown": {
		"sub star", "sub prototype", "sub look-alike", "sub upper case", "kubernetes uid of another",
		"github ref instead of environment", "github same name, another id", "github another owner",
		"github another workflow", "agent nested below a stranger",
	},
	"subject_mismatch": {"sub of another", "agent acts for alice", "agent acts, nested", "act of its own issuer"},
	"actor_missing": {"client is an agent"},
	"transaction_mismatch": {
		"txn with its transaction", "txn with action and resource", "txn another value", "txn a number as text",
		"txn one more", "txn one less", "txn another action", "txn another resource", "txn transaction a text",
	},
}

_both := {
	"exp before 1970": {"expired", "lifetime"},
	"agent acts for a stranger": {"identity_unknown", "subject_mismatch"},
	"client is the agent itself": {"actor_missing", "subject_mismatch"},
}

test_good[name] if {
	some name in _good
	_holds({"ask": _show(name), "reasons": set()})
}

# In four rules, as the time that a test may take is limited; the last one has whatever the others have not.
test_bad_form[note] if {
	some reason in _of_form
	some name in _bad[reason]
	note := sprintf("%s: %s", [reason, name])
	_holds({"ask": _show(name), "reasons": {reason}})
}

test_bad_time[note] if {
	some reason in _of_time
	some name in _bad[reason]
	note := sprintf("%s: %s", [reason, name])
	_holds({"ask": _show(name), "reasons": {reason}})
}

test_bad_binding[note] if {
	some reason in _of_binding
	some name in _bad[reason]
	note := sprintf("%s: %s", [reason, name])
	_holds({"ask": _show(name), "reasons": {reason}})
}

test_bad[note] if {
	some reason, names in _bad
	not reason in ((_of_form | _of_time) | _of_binding)
	some name in names
	note := sprintf("%s: %s", [reason, name])
	_holds({"ask": _show(name), "reasons": {reason}})
}

_of_form := {"malformed"}

_of_time := {"expired", "not_yet_valid", "lifetime", "audience"}

_of_binding := {"binding_missing", "binding_invalid"}

test_both[name] if {
	some name, reasons in _both
	_holds({"ask": _show(name), "reasons": reasons})
}

# What the generator mints and no table names would be tried by nobody.
test_all_are_told if {
	told := (_good | object.keys(_both)) | union({names | some names in _bad})
	object.keys(credentials.shown) == told
}

_parameters := fixtures.put("/action/properties", {"rows": 10, "table": "orders"})

# The same credential for another subject, with other parameters, or under other documents.
test_case[note] if {
	some note, case in {
		"the agent itself": {"ask": _bring("robot", credentials.shown["agent acts for alice"]), "reasons": set()},
		"the outermost actor, whoever is below": {
			"ask": _bring("robot", credentials.shown["agent acts, nested"]),
			"reasons": set(),
		},
		"an agent for a stranger": {
			"ask": _bring("robot", credentials.shown["agent acts for a stranger"]),
			"reasons": {"identity_unknown"},
		},
		"an agent as itself": {"ask": _bring("robot", credentials.shown["client is the agent itself"]), "reasons": set()},
		"alice's token for carol": {"ask": _bring("carol", credentials.shown.plain), "reasons": {"subject_mismatch"}},
		"for the empty subject": {"ask": _bring("", credentials.shown.plain), "reasons": {"subject_mismatch"}},
		"for a number": {"ask": _bring(1, credentials.shown.plain), "reasons": {"subject_mismatch"}},
		"for nobody": {
			"ask": fixtures.ask("query"),
			"with": [fixtures.put("/context/credential", credentials.shown.plain), fixtures.drop("/subject")],
			"reasons": {"subject_mismatch"},
		},
		"the agent is no agent any more": {
			"ask": _show("client is an agent"),
			"to": [fixtures.put("/iga/identities/robot", "active|workload|prod|cmdb|carol")],
			"reasons": set(),
		},
		"a client that the IGA does not list": {
			"ask": _show("client is an agent"),
			"to": [fixtures.drop("/iga/identities/robot")],
			"reasons": set(),
		},
		"this transaction": {"ask": _show("txn with its transaction"), "with": [_parameters], "reasons": set()},
		"this transaction, action and resource": {
			"ask": _show("txn with action and resource"),
			"with": [_parameters],
			"reasons": set(),
		},
		"another action": {"ask": _show("txn another action"), "with": [_parameters], "reasons": {"transaction_mismatch"}},
		"another resource": {
			"ask": _show("txn another resource"),
			"with": [_parameters],
			"reasons": {"transaction_mismatch"},
		},
		"one more in the request": {
			"ask": _show("txn with its transaction"),
			"with": [_parameters, fixtures.put("/action/properties/limit", 1)],
			"reasons": {"transaction_mismatch"},
		},
		"a token that asks for less": {"ask": _show("txn one less"), "with": [_parameters], "reasons": {"transaction_mismatch"}},
		"a token that asks for more": {"ask": _show("txn one more"), "with": [_parameters], "reasons": {"transaction_mismatch"}},
		"a number as text": {
			"ask": _show("txn a number as text"),
			"with": [_parameters],
			"reasons": {"transaction_mismatch"},
		},
		"at another enforcement point's audience": {
			"ask": _show("plain"),
			"with": [fixtures.put("/context/pep", "ledger-proxy")],
			"reasons": {"audience"},
		},
		"at the enforcement point's own audience": {
			"ask": _show("ledger audience"),
			"with": [fixtures.put("/context/pep", "ledger-proxy")],
			"reasons": set(),
		},
		"two audiences, of different owners": {
			"ask": _show("two audiences"),
			"to": [fixtures.put("/trust/peps/db-proxy/audiences", {"https://elsewhere.example.com": true})],
			"reasons": {"audience"},
		},
		"bound by a connection that nobody may assert": {
			"ask": _show("dpop"),
			"with": [fixtures.put("/context/pep", "plain-proxy")],
			"reasons": {"assertion_not_permitted"},
		},
		"a wit by such a connection": {
			"ask": _show("wit"),
			"with": [fixtures.put("/context/pep", "plain-proxy")],
			"reasons": {"assertion_not_permitted"},
		},
		"a certificate by such a connection": {
			"ask": _show("x509"),
			"with": [fixtures.put("/context/pep", "plain-proxy")],
			"reasons": {"assertion_not_permitted"},
		},
		"a bearer token by such a connection": {
			"ask": _show("plain"),
			"with": [fixtures.put("/context/pep", "plain-proxy")],
			"reasons": set(),
		},
		"a key withdrawn": {
			"ask": _show("plain"),
			"to": [fixtures.drop("/trust/keys/https:~1~1as.example.com/sig/as-1")],
			"reasons": {"key_unknown"},
		},
		"a key of another alg": {
			"ask": _show("plain"),
			"to": [fixtures.put("/trust/keys/https:~1~1as.example.com/sig/as-1/alg", "ES384")],
			"reasons": {"invalid"},
		},
		"an alg that the issuer may not use": {
			"ask": _show("plain"),
			"to": [fixtures.drop("/trust/issuers/access-token/https:~1~1as.example.com/algs/ES256")],
			"reasons": {"invalid"},
		},
		"roots withdrawn": {
			"ask": _show("x509"),
			"to": [fixtures.drop("/trust/roots/prod.example")],
			"reasons": {"key_unknown"},
		},
		"roots of both, as in a rotation": {
			"ask": _show("x509"),
			"to": [fixtures.put("/trust/roots/prod.example", concat("", [
				credentials.trust.roots["dev.example"],
				credentials.trust.roots["prod.example"],
			]))],
			"reasons": set(),
		},
		"a domain withdrawn": {
			"ask": _show("x509"),
			"to": [fixtures.drop("/trust/domains/prod.example")],
			"reasons": {"issuer_unknown"},
		},
		"a kind that the tier does not accept": {
			"ask": _show("plain"),
			"to": [fixtures.drop("/config/tiers/low/proofs/access-token")],
			"reasons": {"kind_not_accepted"},
		},
		"a kind that the action does not accept": {
			"ask": _show("plain"),
			"to": [fixtures.put("/catalog/actions/database/query/proofs", {"wit": true})],
			"reasons": {"kind_not_accepted"},
		},
		"a kind that the action accepts": {
			"ask": _show("plain"),
			"to": [fixtures.put("/catalog/actions/database/query/proofs", {"access-token": true})],
			"reasons": set(),
		},
		"bound, as asked": {
			"ask": _show("dpop"),
			"to": [fixtures.put("/config/tiers/low/bound", true)],
			"reasons": set(),
		},
		"not bound, though asked": {
			"ask": _show("plain"),
			"to": [fixtures.put("/config/tiers/low/bound", true)],
			"reasons": {"not_bound"},
		},
		"no trust": {"ask": _show("plain"), "to": [fixtures.put("/trust", {})], "reasons": {"unavailable"}},
		"no config": {"ask": _show("plain"), "to": [fixtures.put("/config", {})], "reasons": {"unavailable"}},
		"no identities": {"ask": _show("plain"), "to": [fixtures.put("/iga", {})], "reasons": {"unavailable"}},
	}
	_holds(case)
}

_odd := {
	"nothing": null,
	"false": false,
	"zero": 0,
	"a text": "x",
	"a list": [],
	"an object": {},
	"kind null": {"kind": null},
	"kind a number": {"kind": 5},
	"kind a list": {"kind": ["pep"]},
	"no token": {"kind": "access-token"},
	"token a list": {"kind": "access-token", "token": ["a"]},
	"token empty": {"kind": "jwt-svid", "token": ""},
	"token a megabyte": {"kind": "wit", "token": concat("", [_kilobyte | some _ in numbers.range(1, 1000)])},
	"certificate an object": {"kind": "x509-svid", "certificate": {}},
}

_kilobyte := concat("", ["a" | some _ in numbers.range(1, 1000)])

test_odd[note] if {
	some note, credential in _odd
	_holds({"ask": _bring("alice", credential), "reasons": {"malformed"}})
}

test_unknown_kind[kind] if {
	some kind in ["", "*", "__proto__", "PEP", "Access-Token", "рep", "bearer"]
	_holds({"ask": _bring("alice", {"kind": kind}), "reasons": {"kind_not_accepted"}})
}
