package authz.gates.proof_test

import data.testing.credentials
import data.testing.fixtures
import future.keywords.not

# What follows is of requests without a credential: the word of the enforcement point, and its signature.
_bound := fixtures.put("/config/tiers/low/bound", true)

_signed := fixtures.put("/config/tiers/low/signed", true)

_sign(name) := fixtures.put("/context/signature", credentials.signatures[name])

test_word[note] if {
	some note, case in {
		"believed": {"with": [], "reasons": set()},
		"said to be that": {"with": [fixtures.put("/context/credential", {"kind": "pep"})], "reasons": set()},
		"of one who is not believed": {
			"with": [],
			"to": [fixtures.drop("/trust/peps/signing-proxy/asserts/subject")],
			"reasons": {"assertion_not_permitted"},
		},
		"of a stranger": {
			"with": [fixtures.put("/context/pep", "stranger")],
			"reasons": {"assertion_not_permitted"},
		},
		"of nobody": {"with": [fixtures.drop("/context/pep")], "reasons": {"assertion_not_permitted"}},
		"of a number": {"with": [fixtures.put("/context/pep", 1)], "reasons": {"assertion_not_permitted"}},
		"in a context that is none": {"with": [fixtures.put("/context", "x")], "reasons": {"assertion_not_permitted"}},
		"in no context": {"with": [fixtures.drop("/context")], "reasons": {"assertion_not_permitted"}},
		"not accepted by the tier": {
			"with": [],
			"to": [fixtures.drop("/config/tiers/low/proofs/pep")],
			"reasons": {"kind_not_accepted"},
		},
		"of an action that nobody knows": {
			"with": [fixtures.put("/action/name", "zap")],
			"to": [],
			"reasons": {"kind_not_accepted"},
		},
		"signed": {"with": [_sign("signed")], "reasons": set()},
		"signed, as the tier asks": {"with": [_sign("signed")], "to": [_signed, _bound], "reasons": set()},
		"not signed, though the tier asks": {"with": [], "to": [_signed], "reasons": {"unsigned"}},
		"not bound, though the tier asks": {"with": [], "to": [_bound], "reasons": {"not_bound"}},
		"neither": {"with": [], "to": [_signed, _bound], "reasons": {"unsigned", "not_bound"}},
		"a tier that does not say": {"with": [], "to": [fixtures.drop("/config/tiers/low/signed")], "reasons": {"unsigned"}},
		"a tier that does not say whether bound": {
			"with": [],
			"to": [fixtures.drop("/config/tiers/low/bound")],
			"reasons": {"not_bound"},
		},
		"changed after it was signed": {
			"with": [_sign("signed"), fixtures.put("/context/ticket", "CHG-2")],
			"reasons": {"signature_invalid"},
		},
		"one member more than was signed": {
			"with": [_sign("signed"), fixtures.put("/context/task", "t")],
			"reasons": {"signature_invalid"},
		},
		"of another than who signed": {
			"with": [_sign("signed"), fixtures.put("/context/pep", "ledger-proxy")],
			"reasons": {"signature_invalid"},
		},
		"a bad signature where the tier asks": {
			"with": [_sign("by another")],
			"to": [_signed, _bound],
			"reasons": {"signature_invalid", "not_bound"},
		},
	}
	_holds(object.union(case, {"ask": credentials.ask}))
}

test_signature_good[name] if {
	some name in ["signed", "ahead, inside the leeway", "ends in a second"]
	_holds({"ask": credentials.ask, "with": [_sign(name)], "reasons": set()})
}

test_signature_bad[name] if {
	some name in (object.keys(credentials.signatures) - {"signed", "ahead, inside the leeway", "ends in a second"})
	_holds({"ask": credentials.ask, "with": [_sign(name)], "reasons": {"signature_invalid"}})
}

test_signature_odd[name] if {
	some name, value in {"null": null, "false": false, "number": 1, "text": "x", "list": [], "object": {}}
	case := {"ask": credentials.ask, "with": [fixtures.put("/context/signature", value)], "reasons": {"signature_invalid"}}
	_holds(case)
}

test_signature_boundary[note] if {
	some note, case in {
		"its last instant": {"at": 1800000054999999999, "reasons": set()},
		"its end": {"at": 1800000055000000000, "reasons": {"signature_invalid"}},
		"its first": {"at": 1799999965000000000, "reasons": set()},
		"before": {"at": 1799999964999999999, "reasons": {"signature_invalid"}},
	}
	_holds(object.union(case, {"ask": credentials.ask, "with": [_sign("signed")]}))
}

test_signature_ends_the_proof if {
	gate := _gate({"ask": credentials.ask, "with": [_sign("signed")]})
	gate.proof == [{"kind": "pep", "bound": "signature", "thumbprints": [], "until": 1800000055000000000}]
	gate.verdict == {
		"pass": true,
		"until": 1800000055000000000,
		"evidence": {"kind": "pep", "bound": "signature", "expires_at": "2027-01-15T08:00:55Z"},
		"store": true,
		"depends_on": ["context.signature"],
	}
}

# A credential and a signature that does not hold; the signature is over the request without a credential.
test_signature_besides_a_credential if {
	_holds({
		"ask": json.patch(_show("plain"), [_sign("signed")]),
		"reasons": {"signature_invalid"},
	})
}

test_word_in_full if {
	gate := _gate({"ask": fixtures.ask("query")})
	gate.proof == [{"kind": "pep", "bound": "none", "thumbprints": []}]
	gate.verdict == {"pass": true, "evidence": {"kind": "pep", "bound": "none"}}
}

test_needs if {
	docs := json.patch(_documents, [fixtures.put("/catalog/actions/database/query/proofs", {"wit": true, "x509-svid": true})])
	ask := fixtures.ask("query")
	reasons := data.authz.gates.proof.reasons with input as ask
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.trust as docs.trust
		with time.now_ns as fixtures.now
	reasons == {{"id": "proof.kind_not_accepted", "next_action": "retry", "needs": {"proofs": ["wit", "x509-svid"]}}}
}

test_token_and_signature if {
	gate := _gate({"ask": credentials.signed, "to": [_signed]})
	gate.reasons == set()
	gate.proof[0].kind == "access-token"
	gate.verdict.until == 1800000055000000000
	gate.verdict.depends_on == ["context.credential", "context.signature"]
}
