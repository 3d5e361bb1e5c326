package authz.gates.elevation_test

import data.testing.fixtures
import future.keywords.not

# Why this gate does not let carol's agent pass, which acts for bound; nothing where it does.
_of_agent(action, changes) := reasons if {
	docs := json.patch(fixtures.documents, array.concat(
		[
			fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|carol"),
			fixtures.put("/pam/mandates/scout", {"m-1": {"subject": "bound"}}),
		],
		changes,
	))
	request := json.patch(fixtures.ask_as("agent", "scout", action), [fixtures.put("/context/mandate", "m-1")])
	gate := data.authz.gates.elevation with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
	reasons := {reason | not gate.verdict.pass; some reason in gate.reasons}
}

# The person whom an agent acts for is one behind it: he does not approve what his agent may do.
test_approval_for_an_agent[note] if {
	some note, case in {
		"by another": {"by": ["alice"], "requester": "scout", "to": [], "reasons": set()},
		"by its owner": {"by": ["carol"], "requester": "scout", "to": [], "reasons": {_of("self_approved", "e-1")}},
		"by whom it acts for": {"by": ["bound"], "requester": "scout", "to": [], "reasons": {_of("self_approved", "e-1")}},
		"by whom it acts for, requested by another": {
			"by": ["bound"],
			"requester": "alice",
			"to": [],
			"reasons": {_of("self_approved", "e-1")},
		},
		"by who reports to whom it acts for": {
			"by": ["alice"],
			"requester": "scout",
			"to": [_person("alice", "bound")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"by whom another mandate of it is for": {
			"by": ["alice"],
			"requester": "scout",
			"to": [fixtures.put("/pam/mandates/scout/m-2", {"subject": "alice"})],
			"reasons": set(),
		},
		"by a person and whom it acts for": {"by": ["alice", "bound"], "requester": "scout", "to": [], "reasons": set()},
	}
	elevation := object.union(fixtures.elevation, {"requester": case.requester, "approvers": case.by})
	_of_agent("dump", array.concat([fixtures.put("/pam/elevations/scout", {"e-1": elevation})], case.to)) == case.reasons
}

# Nor does he stand for its break-glass as the second person, or who reports to him.
test_dual_control_of_an_agent[note] if {
	some note, case in {
		"whom it acts for": {"by": "bound", "to": [], "reasons": {_of("second_person_missing", "b-1"), _missing("administer")}},
		"who reports to whom it acts for": {
			"by": "alice",
			"to": [_person("alice", "bound")],
			"reasons": {_of("second_person_missing", "b-1"), _missing("administer")},
		},
		"its owner": {"by": "carol", "to": [], "reasons": {_of("second_person_missing", "b-1"), _missing("administer")}},
		"another": {"by": "alice", "to": [], "reasons": set()},
	}
	glass := {"b-1": object.union(fixtures.activation, {"activated_by": case.by})}
	_of_agent("administer", array.concat(
		[_ask_of("dual_control", true), fixtures.put("/pam/break_glass/scout", glass)],
		case.to,
	)) == case.reasons
}
