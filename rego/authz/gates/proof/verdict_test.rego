package authz.gates.proof_test

import data.testing.credentials
import data.testing.fixtures
import future.keywords.not

# What the gate says in full, of every kind and binding.
_proof(name) := _gate({"ask": _show(name)})

_base := {"issued_at": 1799999940000000000, "until": 1800000270000000000, "bound": "none", "thumbprints": []}

_holder := {"thumbprints": [credentials.thumbprints.holder]}

_access := object.union(_base, {
	"kind": "access-token",
	"issuer": "https://as.example.com",
	"subject": "https://as.example.com#alice-1",
	"key": "as-1",
	"id": "at-1",
})

_workload := object.union(_base, {"issuer": "prod.example", "subject": "spiffe://prod.example/bot"})

test_proof[name] if {
	some name, expected in {
		"plain": _access,
		"fraction of a second": object.union(_access, {"until": 1800000270500000000, "issued_at": 1799999939750000000}),
		"ended, inside the leeway": object.union(_access, {"until": 1800000001000000000}),
		"dpop": object.union_n([_access, _holder, {"bound": "dpop", "until": 1800000055000000000}]),
		"dpop 59 s old": object.union_n([_access, _holder, {"bound": "dpop", "until": 1800000001000000000}]),
		"svid": object.union(_workload, {"kind": "jwt-svid", "key": "svid-1"}),
		"svid with jti": object.union(_workload, {"kind": "jwt-svid", "key": "svid-1", "id": "j-1"}),
		"svid without iat": object.union(object.remove(_workload, ["issued_at"]), {"kind": "jwt-svid", "key": "svid-1"}),
		"wit": object.union_n([
			_workload, _holder,
			{"kind": "wit", "key": "wit-1", "id": "w-1", "bound": "wpt", "until": 1800000060000000000},
		]),
		"kubernetes": object.union(_base, {
			"kind": "kubernetes",
			"issuer": "https://cluster.example.com",
			"subject": "https://cluster.example.com#u-1",
			"key": "k8s-1",
			"id": "k-1",
		}),
		"github": object.union(_base, {
			"kind": "github",
			"issuer": "https://token.actions.githubusercontent.com",
			"subject": concat("", [
				"https://token.actions.githubusercontent.com#11:22:prod:",
				"acme/app/.github/workflows/deploy.yml@refs/heads/main",
			]),
			"key": "gh-1",
			"id": "g-1",
		}),
		"txn": object.union(_base, {
			"kind": "txn-token",
			"issuer": "prod.example",
			"subject": "prod.example#alice-1",
			"key": "txn-1",
			"id": "t-1",
			"until": 1800000090000000000,
		}),
		"x509": object.union(object.remove(_workload, ["thumbprints"]), {
			"kind": "x509-svid",
			"issued_at": 1799999400000000000,
			"until": 1800000600000000000,
			"bound": "mtls",
			"thumbprints": [credentials.thumbprints.x509],
		}),
		"mtls": object.union(_access, {"bound": "mtls", "thumbprints": [credentials.thumbprints.x509]}),
	}
	_proof(name).proof == [expected]
}

test_actor if {
	[proof] := _gate({"ask": _bring("robot", credentials.shown["agent acts, nested"])}).proof
	proof == object.union(_access, {
		"subject": "https://as.example.com#robot",
		"actor": "robot",
		"principal": "alice",
	})
}

test_verdict if {
	_proof("dpop").verdict == {
		"pass": true,
		"until": 1800000055000000000,
		"evidence": {
			"kind": "access-token",
			"issuer": "https://as.example.com",
			"subject": "https://as.example.com#alice-1",
			"key": "as-1",
			"id": "at-1",
			"bound": "dpop",
			"issued_at": "2027-01-15T07:59:00Z",
			"expires_at": "2027-01-15T08:00:55Z",
		},
		"store": false,
		"depends_on": ["context.credential"],
	}
}

test_storable[name] if {
	some name, store in {"plain": true, "mtls": true, "x509": true, "wit": false, "mtls and dpop": false}
	_proof(name).verdict.store == store
}

test_depends_on_parameters if _proof("txn").verdict.depends_on == ["context.credential", "action.properties"]

# No member of a credential may come back as evidence.
test_no_secret_in_evidence[name] if {
	some name in _good
	credential := credentials.shown[name]
	told := json.marshal(_proof(name).verdict)
	every member in ["token", "dpop", "wpt", "certificate"] {
		not contains(told, object.get(credential, member, "no such text"))
	}
}

test_boundary[note] if {
	some note, case in {
		"a token's last instant": {"ask": _show("plain"), "at": 1800000269999999999, "reasons": set()},
		"a token's end": {"ask": _show("plain"), "at": 1800000270000000000, "reasons": {"expired"}},
		"a token's first instant": {"ask": _show("nbf ahead"), "at": 1800000001000000000, "reasons": set()},
		"before a token's begin": {"ask": _show("nbf ahead"), "at": 1800000000999999999, "reasons": {"not_yet_valid"}},
		"a token's issue": {"ask": _show("iat ahead"), "at": 1800000001000000000, "reasons": set()},
		"before a token's issue": {"ask": _show("iat ahead"), "at": 1800000000999999999, "reasons": {"not_yet_valid"}},
		"without iat, short enough": {
			"ask": _show("svid without iat, too long"),
			"at": 1800000001000000000,
			"reasons": set(),
		},
		"without iat, too long": {
			"ask": _show("svid without iat, too long"),
			"at": 1800000000999999999,
			"reasons": {"lifetime"},
		},
		"a certificate's last instant": {"ask": _show("x509"), "at": 1800000599999999999, "reasons": set()},
		"a certificate's end": {"ask": _show("x509"), "at": 1800000600000000000, "reasons": {"expired"}},
		"a certificate's first instant": {"ask": _show("x509"), "at": 1799999400000000000, "reasons": set()},
		"before a certificate": {"ask": _show("x509"), "at": 1799999399999999999, "reasons": {"not_yet_valid"}},
		"a DPoP proof's last instant": {"ask": _show("dpop"), "at": 1800000054999999999, "reasons": set()},
		"a DPoP proof's end": {"ask": _show("dpop"), "at": 1800000055000000000, "reasons": {"binding_invalid"}},
		"a DPoP proof from ahead": {"ask": _show("dpop ahead by 61 s"), "at": 1800000001000000000, "reasons": set()},
		"a DPoP proof from further ahead": {
			"ask": _show("dpop ahead by 61 s"),
			"at": 1800000000999999999,
			"reasons": {"binding_invalid"},
		},
		"a WPT's last instant": {"ask": _show("wit"), "at": 1800000059999999999, "reasons": set()},
		"a WPT's end": {"ask": _show("wit"), "at": 1800000060000000000, "reasons": {"binding_invalid"}},
		"a WPT that lasts 300 s": {"ask": _show("wit proof too long"), "at": 1800000001000000000, "reasons": set()},
		"a WPT that lasts longer": {
			"ask": _show("wit proof too long"),
			"at": 1800000000999999999,
			"reasons": {"binding_invalid"},
		},
	}
	_holds(case)
}

_listed(expires_at, observed_at) := [
	fixtures.put("/trust/sources", {"https://as.example.com": "idp", "prod.example": "spire"}),
	fixtures.put("/trust/snapshots", {name: listing |
		some name in ["idp", "spire"]
		listing := {"expires_at": expires_at, "observed_at": observed_at}
	}),
]

test_keys[note] if {
	some name in ["plain", "x509"]
	some what, case in {
		"end in an instant": {"to": _listed(fixtures.now + 1, fixtures.now), "reasons": set()},
		"end now": {"to": _listed(fixtures.now, fixtures.now), "reasons": {"keys_stale"}},
		"seen ahead, inside the leeway": {
			"to": _listed(fixtures.now + fixtures.hour, fixtures.now + (30 * fixtures.second)),
			"reasons": set(),
		},
		"seen ahead": {
			"to": _listed(fixtures.now + fixtures.hour, (fixtures.now + (30 * fixtures.second)) + 1),
			"reasons": {"keys_stale"},
		},
		"end a text": {"to": _listed("9", fixtures.now), "reasons": {"keys_stale"}},
		"seen at a text": {"to": _listed(fixtures.now + fixtures.hour, "1"), "reasons": {"keys_stale"}},
		"seen at null": {"to": _listed(fixtures.now + fixtures.hour, null), "reasons": {"keys_stale"}},
		"no listing": {
			"to": [fixtures.put("/trust/sources", {
				"https://as.example.com": "idp",
				"prod.example": "spire",
			})],
			"reasons": {"keys_stale"},
		},
	}
	note := sprintf("%s: %s", [name, what])
	_holds({"ask": _show(name), "to": case.to, "reasons": case.reasons})
}

test_keys_end_what_rests_on_them if {
	[proof] := _gate({"ask": _show("plain"), "to": _listed(fixtures.now + 7, fixtures.now)}).proof
	proof.until == fixtures.now + 7
}
