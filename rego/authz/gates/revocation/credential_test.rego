package authz.gates.revocation_test

import data.testing.credentials
import data.testing.fixtures
import future.keywords.not

# The organisation of the fixtures, with those who issued the credentials.
_world := array.concat(
	[fixtures.put(sprintf("/trust/%s", [name]), value) | some name, value in credentials.trust],
	[
		fixtures.put("/trust/peps", object.union(fixtures.documents.trust.peps, credentials.peps)),
		fixtures.put("/iga/proofs", credentials.proofs),
		fixtures.drop("/config/tiers/low/proofs/pep"), # only what is shown may count here
	],
)

# Of each credential: whose it is, and when it was issued.
_shown := {
	"plain": {"ask": fixtures.ask("query"), "issued": fixtures.now - (60 * fixtures.second)},
	"dpop": {"ask": fixtures.ask("query"), "issued": fixtures.now - (60 * fixtures.second)},
	"txn": {"ask": fixtures.ask("query"), "issued": fixtures.now - (60 * fixtures.second)},
	"svid without iat": {"ask": fixtures.ask_as("service_account", "bot", "query"), "issued": "unknown"},
	"x509": {"ask": fixtures.ask_as("service_account", "bot", "query"), "issued": fixtures.now - (600 * fixtures.second)},
	"wit": {"ask": fixtures.ask_as("service_account", "bot", "query"), "issued": fixtures.now - (60 * fixtures.second)},
}

_say(reason) := {"id": sprintf("revocation.%s", [reason]), "next_action": "none"}

_entry(kind, id, entry) := {"op": "add", "path": ["revocations", kind, id], "value": entry}

_by(name, changes) := {
	"ask": json.patch(_shown[name].ask, [fixtures.put("/context/credential", credentials.shown[name])]),
	"to": array.concat(_world, changes),
}

_hit := {"id": "x", "from": fixtures.now}

test_credentials_are_accepted[name] if {
	some name, _ in _shown
	fixtures.holds(object.union(_by(name, []), {"reasons": set()}))
}

# Each of what a credential is made of, revoked at this instant, just after it, and under a name that is another's.
test_revoked_credential[note] if {
	some note, case in {
		"jti": {"shown": "plain", "kind": "tokens", "id": "at-1", "reason": "token"},
		"transaction": {"shown": "txn", "kind": "tokens", "id": "t-1", "reason": "token"},
		"workload token": {"shown": "wit", "kind": "tokens", "id": "w-1", "reason": "token"},
		"key that a token is bound to": {
			"shown": "dpop",
			"kind": "credentials",
			"id": credentials.thumbprints.holder,
			"reason": "credential",
		},
		"key of a workload": {
			"shown": "wit",
			"kind": "credentials",
			"id": credentials.thumbprints.holder,
			"reason": "credential",
		},
		"certificate": {
			"shown": "x509",
			"kind": "credentials",
			"id": credentials.thumbprints.x509,
			"reason": "credential",
		},
		"signing key": {"shown": "plain", "kind": "keys", "id": "https://as.example.com#as-1", "reason": "key"},
		"signing key of a domain": {"shown": "wit", "kind": "keys", "id": "prod.example#wit-1", "reason": "key"},
	}
	every try in [
		{"entry": _entry(case.kind, case.id, _hit), "reasons": {_say(case.reason)}},
		{"entry": _entry(case.kind, case.id, {"id": "x", "from": fixtures.now + 1}), "reasons": set()},
		{"entry": _entry(case.kind, case.id, {"id": "x", "from": "2099"}), "reasons": {_say(case.reason)}},
		{"entry": _entry(case.kind, case.id, false), "reasons": {_say(case.reason)}},
		{"entry": _entry(case.kind, concat("", [case.id, "0"]), _hit), "reasons": set()},
	] {
		fixtures.holds(object.union(_by(case.shown, [try.entry]), {"reasons": try.reasons}))
	}
	to_come := _entry(case.kind, case.id, {"id": "x", "from": fixtures.now + fixtures.second})
	fixtures.answer(_by(case.shown, [to_come])).context.valid_until == "2027-01-15T08:00:01Z"
}

# A key of the same id, but another's, is another key; and so is a session that is named like a token.
test_names_do_not_cross[note] if {
	some note, entry in {
		"key of another issuer": _entry("keys", "https://other.example.com#as-1", _hit),
		"key without issuer": _entry("keys", "as-1", _hit),
		"session named like the token": _entry("sessions", "at-1", _hit),
		"mandate of somebody who has none": _entry("mandates", "m-1", _hit),
	}
	fixtures.holds(object.union(_by("plain", [entry]), {"reasons": set()}))
}

# What was issued after the revocation counts again; what was issued by then does not, in whatever order
# the two became known.
test_issued_since[note] if {
	some note, case in {
		"subject, issued at its instant": {"kind": "subjects", "id": "alice", "after": 0, "reasons": {_say("subject")}},
		"subject, issued just after": {"kind": "subjects", "id": "alice", "after": -1, "reasons": set()},
		"subject, issued before": {"kind": "subjects", "id": "alice", "after": 1, "reasons": {_say("subject")}},
		"session, issued at its instant": {"kind": "sessions", "id": "s-1", "after": 0, "reasons": {_say("session")}},
		"session, issued just after": {"kind": "sessions", "id": "s-1", "after": -1, "reasons": set()},
		"token, issued at its instant": {"kind": "tokens", "id": "at-1", "after": 0, "reasons": {_say("token")}},
		"token, issued just after": {"kind": "tokens", "id": "at-1", "after": -1, "reasons": set()},
		"signing key, of which nobody knows": {
			"kind": "keys",
			"id": "https://as.example.com#as-1",
			"after": -1,
			"reasons": {_say("key")},
		},
	}
	entry := _entry(case.kind, case.id, {"id": "x", "from": _shown.plain.issued + case.after})
	fixtures.holds(object.union(_by("plain", [entry]), {"reasons": case.reasons}))
}

test_issued_until[note] if {
	some note, case in {
		"issued at its end": {"until": _shown.plain.issued, "reasons": {_say("subject")}},
		"issued just after its end": {"until": _shown.plain.issued - 1, "reasons": set()},
		"for good": {"until": 9223372036854775807, "reasons": {_say("subject")}},
		"until text": {"until": "2000", "reasons": {_say("subject")}},
		"until nothing": {"until": null, "reasons": {_say("subject")}},
		"until false": {"until": false, "reasons": {_say("subject")}},
	}
	every from in [fixtures.now, fixtures.now - (24 * fixtures.hour)] {
		entry := _entry("subjects", "alice", {"id": "alice", "from": from, "issued_until": case.until})
		fixtures.holds(object.union(_by("plain", [entry]), {"reasons": case.reasons}))
	}
}

# A revocation to come, of what will be issued by then, ends the allow; of what is issued later than it, it does not.
test_issued_until_to_come if {
	entry := _entry("subjects", "alice", {
		"id": "alice",
		"from": fixtures.now + fixtures.second,
		"issued_until": _shown.plain.issued - 1,
	})
	fixtures.answer(_by("plain", [entry])).context.valid_until != "2027-01-15T08:00:01Z"
	later := _entry("subjects", "alice", {"id": "alice", "from": fixtures.now + fixtures.second})
	fixtures.answer(_by("plain", [later])).context.valid_until == "2027-01-15T08:00:01Z"
}

# The certificate says when it began, and a new one of the same subject counts again.
test_certificate_issued_since[note] if {
	some note, case in {
		"began at its instant": {"from": _shown.x509.issued, "reasons": {_say("credential")}},
		"began just after": {"from": _shown.x509.issued - 1, "reasons": set()},
	}
	entry := _entry("credentials", credentials.thumbprints.x509, {"id": "x", "from": case.from})
	fixtures.holds(object.union(_by("x509", [entry]), {"reasons": case.reasons}))
}

# The key that a token is bound to may be older than the token.
test_bound_key_issued_nobody_knows_when if {
	entry := _entry("credentials", credentials.thumbprints.holder, {"id": "x", "from": _shown.dpop.issued - 1})
	fixtures.holds(object.union(_by("dpop", [entry]), {"reasons": {_say("credential")}}))
}

# A token that does not say when it was issued, and a request with none, may be as old as the revocation.
test_issue_unknown[note] if {
	some note, case in {
		"a token without iat": _by("svid without iat", [_entry("subjects", "bot", {"id": "bot", "from": 1000000000000000000})]),
		"no token": {
			"ask": fixtures.ask_as("service_account", "bot", "query"),
			"to": [_entry("subjects", "bot", {"id": "bot", "from": 1000000000000000000})],
		},
		"no token, a revocation of what was issued long ago": {
			"ask": fixtures.ask_as("service_account", "bot", "query"),
			"to": [_entry("subjects", "bot", {
				"id": "bot",
				"from": fixtures.now - 1,
				"issued_until": 1000000000000000000,
			})],
		},
	}
	fixtures.holds(object.union(case, {"reasons": {_say("subject")}}))
}

# Of a token that does not hold, nobody believes that it was issued after the revocation.
test_issue_of_what_does_not_hold if {
	case := _by("plain", [_entry("subjects", "alice", {"id": "alice", "from": _shown.plain.issued - 1})])
	fixtures.holds(object.union(case, {"reasons": set()}))
	forged := {"with": [fixtures.put("/context/credential", credentials.shown["signed by another"])]}
	fixtures.ids(object.union(case, forged)) == {"proof.invalid", "revocation.subject"}
}

_sub_agent := [
	fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
	fixtures.put("/pam/mandates", {"scout": {"m-1": {
		"system": "bao",
		"subject": "alice",
		"ancestors": [{"agent": "chief", "id": "m-0"}, {"agent": "lead", "id": "m-00"}],
	}}}),
]

# What this gate says of an agent; the mandate here is none that the mandate gate would accept.
test_agent[note] if {
	some note, case in {
		"nothing": {"to": [], "reasons": set()},
		"its mandate": {"to": [_entry("mandates", "m-1", _hit)], "reasons": {_say("mandate")}},
		"its mandate later": {"to": [_entry("mandates", "m-1", {"id": "m-1", "from": fixtures.now + 1})], "reasons": set()},
		"the first one": {"to": [_entry("mandates", "m-0", _hit)], "reasons": {_say("mandate")}},
		"the one between": {"to": [_entry("mandates", "m-00", _hit)], "reasons": {_say("mandate")}},
		"another": {"to": [_entry("mandates", "m-2", _hit)], "reasons": set()},
		"for what was issued long ago": {
			"to": [_entry("mandates", "m-1", {"id": "m-1", "from": fixtures.now, "issued_until": 1000000000000000000})],
			"reasons": {_say("mandate")},
		},
		"not even an object": {"to": [_entry("mandates", "m-1", null)], "reasons": {_say("mandate")}},
		"the person it acts for": {"to": [_entry("subjects", "alice", _hit)], "reasons": {_say("principal")}},
		"the person it acts for, later": {
			"to": [_entry("subjects", "alice", {"id": "alice", "from": fixtures.now + 1})],
			"reasons": set(),
		},
		"the agent above": {"to": [_entry("subjects", "lead", _hit)], "reasons": {_say("principal")}},
		"the first agent, for what was issued long ago": {
			"to": [_entry("subjects", "chief", {"id": "x", "from": fixtures.now, "issued_until": 1000000000000000000})],
			"reasons": {_say("principal")},
		},
		"the first agent, later": {
			"to": [_entry("subjects", "chief", {"id": "chief", "from": fixtures.now + 1})],
			"reasons": set(),
		},
		"the agent": {"to": [_entry("subjects", "scout", _hit)], "reasons": {_say("subject")}},
		"a mandate that the PAM does not list": {
			"to": [fixtures.put("/pam/mandates", {}), _entry("mandates", "m-1", _hit)],
			"reasons": {_say("mandate")},
		},
	}
	answer := {
		"ask": fixtures.ask_as("agent", "scout", "query"),
		"with": [fixtures.put("/context/mandate", "m-1")],
		"to": array.concat(_sub_agent, case.to),
	}
	{reason | some reason in fixtures.reasons(answer); startswith(reason.id, "revocation.")} == case.reasons
}

# A mandate to be revoked ends the answer, as does its person.
test_until_a_mandate_is_revoked[id] if {
	some [kind, id] in {["mandates", "m-00"], ["subjects", "alice"], ["subjects", "lead"]}
	to := array.concat(_sub_agent, [_entry(kind, id, {"id": id, "from": fixtures.now + 1})])
	request := json.patch(fixtures.ask_as("agent", "scout", "query"), [fixtures.put("/context/mandate", "m-1")])
	docs := json.patch(fixtures.documents, to)
	verdict := data.authz.gates.revocation.verdict with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
	verdict.until == fixtures.now + 1
}

# The session of a later request is another: an answer may be kept only together with the session.
test_depends_on_the_session if {
	request := fixtures.ask("query")
	docs := fixtures.documents
	verdict := data.authz.gates.revocation.verdict with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
	verdict.depends_on == ["context.session"]
}
