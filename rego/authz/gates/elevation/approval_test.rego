package authz.gates.elevation_test

import data.testing.fixtures
import future.keywords.not

# Of `{"rows":10,"table":"orders"}`, of the same with 11, and of `{}`, reckoned with Python's hashlib.
_digest := "sha-256:19DPckl53JTjnW4-slAx3sA1CTwjHRg-Evb-MBWpoPs"

_digest_of_eleven := "sha-256:bShIPFME56chsWQgzD43Vb_tSUm1JyV5iyIc115qYmg"

_digest_of_none := "sha-256:RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"

_with_parameters := [fixtures.put("/action/properties", {"rows": 10, "table": "orders"})]

_use_unknown := {
	"id": "elevation.use_unknown",
	"next_action": "retry",
	"needs": {"elevation": "e-1", "context": ["uses"]},
}

_person(id, manager) := fixtures.put(sprintf("/iga/identities/%s", [id]), sprintf("active|human||hr|%s", [manager]))

_revoke_subject(id, from) := fixtures.put(sprintf("/revocations/subjects/%s", [id]), {"id": id, "from": from})

_until(case) := fixtures.answer(object.union({"ask": fixtures.ask("dump")}, case)).context.valid_until

# Nobody approves for himself, under whatever name, and no subordinate for his superior.
test_independence[note] if {
	some note, case in {
		"the requester's owner": {
			"to": [_elevation({"requester": "bot"})],
			"reasons": {_of("self_approved", "e-1")},
		},
		"the requester's sponsor, of two who answer for it": {
			"to": [
				fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|dora,carol"),
				_elevation({"requester": "bot"}),
			],
			"reasons": {_of("self_approved", "e-1")},
		},
		"another than the requester's owner": {
			"to": [_elevation({"requester": "bot", "approvers": ["bound"]})],
			"reasons": set(),
		},
		"the subject by the name of its service": {
			"to": [
				fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|alice"),
				_elevation({"requester": "bot", "approvers": ["alice"]}),
			],
			"reasons": {_of("self_approved", "e-1")},
		},
		"a requester whom the IGA does not list": {
			"to": [_elevation({"requester": "zed"})],
			"reasons": {_of("requester_unknown", "e-1")},
		},
		"a requester whom the IGA lists as nothing": {
			"to": [fixtures.put("/iga/identities/zed", "active"), _elevation({"requester": "zed"})],
			"reasons": {_of("requester_unknown", "e-1")},
		},
		"a requester who has left": {"to": [_elevation({"requester": "dora"})], "reasons": set()},
		"who is requester and unknown": {
			"to": [_elevation({"requester": "zed", "approvers": ["zed"]})],
			"reasons": {_of("self_approved", "e-1"), _of("requester_unknown", "e-1")},
		},
		"who reports to the subject": {
			"to": [_person("carol", "alice")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"who reports to the requester": {
			"to": [_person("carol", "bound"), _elevation({"requester": "bound"})],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"who reports to the requester's owner": {
			"to": [
				_person("carol", "bound"),
				fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|bound"),
				_elevation({"requester": "bot"}),
			],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"two levels below": {
			"to": [_person("carol", "x"), _person("x", "alice")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"three levels below": {
			"to": [_person("carol", "x"), _person("x", "y"), _person("y", "alice")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"three levels below, by people who have left": {
			"to": [
				_person("carol", "x"),
				fixtures.put("/iga/identities/x", "disabled|human||hr|y"),
				fixtures.put("/iga/identities/y", "deleted|human||hr|alice"),
			],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"four levels below": {
			"to": [_person("carol", "x"), _person("x", "y"), _person("y", "z"), _person("z", "alice")],
			"reasons": set(),
		},
		"the superior of the subject": {"to": [_person("alice", "carol")], "reasons": set()},
		"each the other's manager": {
			"to": [_person("alice", "carol"), _person("carol", "alice")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"who is his own manager": {"to": [_person("carol", "carol")], "reasons": set()},
		"of a manager whom nobody knows": {"to": [_person("carol", "zed")], "reasons": set()},
		"of a manager who is no person": {
			"to": [_person("carol", "bot"), fixtures.put("/iga/identities/bot", "active|service_account|prod|cmdb|alice")],
			"reasons": set(),
		},
		"a subordinate and another": {
			"to": [_person("carol", "alice"), _elevation({"approvers": ["carol", "bound"]})],
			"reasons": set(),
		},
		"a subordinate who has left": {
			"to": [
				fixtures.put("/iga/identities/carol", "disabled|human||hr|alice"),
				_elevation({"approvers": ["carol"]}),
			],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
		"who is revoked": {
			"to": [_revoke_subject("carol", fixtures.now)],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"who will be revoked": {"to": [_revoke_subject("carol", fixtures.now + 1)], "reasons": set()},
		"who is revoked, as far as anybody can read": {
			"to": [fixtures.put("/revocations/subjects/carol", {"id": "carol", "from": "2099"})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
		"who was revoked for what was issued before": {
			"to": [fixtures.put("/revocations/subjects/carol", {
				"id": "carol",
				"from": fixtures.now - fixtures.hour,
				"issued_until": fixtures.now - fixtures.hour,
			})],
			"reasons": {_of("approver_inactive", "e-1")},
		},
	}
	fixtures.holds(object.union({"ask": fixtures.ask("dump")}, case))
}

# The subject is a service, so that it is the people who answer for it who may not approve.
test_independence_of_a_service[note] if {
	some note, case in {
		"its owner": {"record": {"approvers": ["carol"]}, "to": [], "reasons": {_of("self_approved", "e-1")}},
		"its owner, requested by itself": {
			"record": {"approvers": ["carol"], "requester": "bot"},
			"to": [],
			"reasons": {_of("self_approved", "e-1")},
		},
		"another": {"record": {"approvers": ["bound"]}, "to": [], "reasons": set()},
		"another, requested by itself": {"record": {"approvers": ["bound"], "requester": "bot"}, "to": [], "reasons": set()},
		"itself": {"record": {"approvers": ["bot"]}, "to": [], "reasons": {_of("self_approved", "e-1")}},
		"who reports to its owner": {
			"record": {"approvers": ["bound"]},
			"to": [_person("bound", "carol")],
			"reasons": {_of("subordinate_approved", "e-1")},
		},
	}
	record := object.union(fixtures.elevation, case.record)
	to := array.concat([fixtures.put("/pam/elevations", {"bot": {"e-1": record}})], case.to)
	fixtures.holds({"ask": fixtures.ask_as("service_account", "bot", "dump"), "to": to, "reasons": case.reasons})
}

# The sponsor of an agent; what other gates say of an agent without a mandate is no matter here.
test_independence_of_an_agent if {
	case := {"ask": fixtures.ask_as("agent", "scout", "dump"), "to": [
		fixtures.put("/iga/identities/scout", "active|agent|prod|cmdb|bound,carol"),
		fixtures.put("/pam/elevations/scout", {"e-1": fixtures.elevation}),
	]}
	{reason | some reason in fixtures.reasons(case); startswith(reason.id, "elevation.")} == {_of("self_approved", "e-1")}
}

# An approval is for what it was given for.
test_approval_of_this[note] if {
	another := {_of("approval_of_another", "e-1")}
	some note, case in {
		"says nothing": {"record": {"approved": {}}, "reasons": set()},
		"this subject": {"record": {"approved": {"subject": "alice"}}, "reasons": set()},
		"another subject": {"record": {"approved": {"subject": "bot"}}, "reasons": another},
		"an odd subject": {"record": {"approved": {"subject": null}}, "reasons": another},
		"this key": {"record": {"approved": {"keys": ["orders:dba@*"]}}, "reasons": set()},
		"another key": {"record": {"approved": {"keys": ["orders:reader@*"]}}, "reasons": another},
		"a key that is for this, but not the elevation's": {
			"record": {"approved": {"keys": ["#dump@database:orders-prod"]}},
			"reasons": another,
		},
		"a key of the elevation that is not for this": {
			"record": {"keys": ["orders:dba@*", "#query@database:orders-prod"], "approved": {"keys": ["#query@database:orders-prod"]}},
			"reasons": another,
		},
		"one key of two": {
			"record": {"keys": ["#query@database:orders-prod", "orders:dba@*"], "approved": {"keys": ["orders:dba@*"]}},
			"reasons": set(),
		},
		"no key": {"record": {"approved": {"keys": []}}, "reasons": another},
		"odd keys": {"record": {"approved": {"keys": "orders:dba@*"}}, "reasons": another},
		"these parameters": {"record": {"approved": {"parameters": _digest}}, "reasons": set()},
		"other parameters": {"record": {"approved": {"parameters": _digest_of_eleven}}, "reasons": another},
		"no parameters": {"record": {"approved": {"parameters": _digest_of_none}}, "reasons": another},
		"odd parameters": {"record": {"approved": {"parameters": null}}, "reasons": another},
		"no object": {"record": {"approved": "orders:dba@*"}, "reasons": another},
		"nothing": {"record": {"approved": null}, "reasons": another},
		"all of it": {
			"record": {"approved": {"subject": "alice", "keys": ["orders:dba@*"], "parameters": _digest}},
			"reasons": set(),
		},
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"with": _with_parameters,
		"to": [_elevation(case.record)],
		"reasons": case.reasons,
	})
}

test_parameters[note] if {
	changed := {_of("parameters_changed", "e-1")}
	some note, case in {
		"these": {"with": _with_parameters, "digest": _digest, "reasons": set()},
		"in another order": {
			"with": [fixtures.put("/action/properties", {"table": "orders", "rows": 10})],
			"digest": _digest,
			"reasons": set(),
		},
		"another value": {
			"with": [fixtures.put("/action/properties", {"rows": 11, "table": "orders"})],
			"digest": _digest,
			"reasons": changed,
		},
		"text for a number": {
			"with": [fixtures.put("/action/properties", {"rows": "10", "table": "orders"})],
			"digest": _digest,
			"reasons": changed,
		},
		"one more": {
			"with": [fixtures.put("/action/properties", {"rows": 10, "table": "orders", "x": 1})],
			"digest": _digest,
			"reasons": changed,
		},
		"none": {"with": [], "digest": _digest, "reasons": changed},
		"none, as it should be": {"with": [], "digest": _digest_of_none, "reasons": set()},
		"an empty object, as it should be": {
			"with": [fixtures.put("/action/properties", {})],
			"digest": _digest_of_none,
			"reasons": set(),
		},
		"an odd digest": {"with": [], "digest": null, "reasons": changed},
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"with": case["with"],
		"to": [_elevation({"parameters": case.digest})],
		"reasons": case.reasons,
	})
}

# Parameters of another type have no digest; asked of the gate, as the request gate has a word on them too.
test_odd_parameters[note] if {
	some note, odd in {"null": null, "text": "rows", "list": [10], "false": false, "number": 0}
	case := {
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/action/properties", odd)],
		"to": [_elevation({"parameters": _digest_of_none})],
	}
	fixtures.answer(case).decision == false
	request := json.patch(case.ask, case["with"])
	docs := json.patch(fixtures.documents, case.to)
	reasons := data.authz.gates.elevation.reasons with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
	reasons == {_of("parameters_changed", "e-1")}
}

test_uses[note] if {
	used_up := {_of("used_up", "e-1")}
	some note, case in {
		"unused": {"uses": {"e-1": 0}, "most": 1, "reasons": set()},
		"used once of once": {"uses": {"e-1": 1}, "most": 1, "reasons": used_up},
		"used once of twice": {"uses": {"e-1": 1}, "most": 2, "reasons": set()},
		"used more often than it may be": {"uses": {"e-1": 7}, "most": 2, "reasons": used_up},
		"another one's use": {"uses": {"e-2": 0}, "most": 1, "reasons": {_use_unknown}},
		"text": {"uses": {"e-1": "0"}, "most": 1, "reasons": {_use_unknown}},
		"negative": {"uses": {"e-1": -1}, "most": 1, "reasons": {_use_unknown}},
		"null": {"uses": {"e-1": null}, "most": 1, "reasons": {_use_unknown}},
		"no uses": {"uses": {}, "most": 1, "reasons": {_use_unknown}},
		"a most that is text": {"uses": {"e-1": 0}, "most": "9", "reasons": {_use_unknown}},
		"a most that is nothing": {"uses": {"e-1": 0}, "most": null, "reasons": {_use_unknown}},
		"none at all": {"uses": {"e-1": 0}, "most": 0, "reasons": used_up},
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/context/uses", case.uses)],
		"to": [_elevation({"max_uses": case.most})],
		"reasons": case.reasons,
	})
}

test_uses_not_said if {
	fixtures.holds({"ask": fixtures.ask("dump"), "to": [_elevation({"max_uses": 1})], "reasons": {_use_unknown}})
}

# Without the trust to say so, a count is no count.
test_uses_from_anybody if {
	case := {
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/context/uses", {"e-1": 0})],
		"to": [_elevation({"max_uses": 1}), fixtures.drop("/trust/peps/db-proxy/asserts/uses")],
	}
	fixtures.answer(case).decision == false
}

test_session_and_ticket[note] if {
	some note, case in {
		"session not asked": {"asks": {"session": false}, "record": {"session": ""}, "reasons": set()},
		"session and its recording": {"asks": {"session": true}, "record": {"recording_ref": "rec-1"}, "reasons": set()},
		"no recording": {"asks": {"session": true}, "record": {}, "reasons": {_of("session_missing", "e-1")}},
		"a recording without a name": {
			"asks": {"session": true},
			"record": {"recording_ref": ""},
			"reasons": {_of("session_missing", "e-1")},
		},
		"a recording that is no text": {
			"asks": {"session": true},
			"record": {"recording_ref": 7},
			"reasons": {_of("session_missing", "e-1")},
		},
		"no session": {
			"asks": {"session": true},
			"record": {"session": "", "recording_ref": "rec-1"},
			"reasons": {_of("session_missing", "e-1")},
		},
		"asked in a way": {
			"asks": {"session": "no"},
			"record": {},
			"reasons": {_of("session_missing", "e-1")},
		},
		"this ticket": {"asks": {"ticket": true}, "record": {}, "reasons": set()},
		"another ticket": {
			"asks": {"ticket": true},
			"record": {"ticket": "CHG-2"},
			"reasons": {_of("ticket_mismatch", "e-1")},
		},
		"a ticket in another case": {
			"asks": {"ticket": true},
			"record": {"ticket": "chg-1"},
			"reasons": {_of("ticket_mismatch", "e-1")},
		},
		"no ticket": {"asks": {"ticket": true}, "record": {"ticket": ""}, "reasons": {_of("ticket_mismatch", "e-1")}},
		"another ticket, not asked": {"asks": {"ticket": false}, "record": {"ticket": "CHG-2"}, "reasons": set()},
		"neither": {
			"asks": {"session": true, "ticket": true},
			"record": {"ticket": "CHG-2"},
			"reasons": {_of("session_missing", "e-1"), _of("ticket_mismatch", "e-1")},
		},
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"to": array.concat(
			[_elevation(case.record)],
			[fixtures.put(sprintf("/catalog/actions/database/dump/elevation/%s", [name]), asked) | some name, asked in case.asks],
		),
		"reasons": case.reasons,
	})
}

# Neither has a ticket: that is no match.
test_no_ticket_on_either_side if {
	fixtures.holds({
		"ask": fixtures.ask("administer"),
		"with": [fixtures.put("/context/ticket", "")],
		"to": [_elevation({"ticket": ""}), fixtures.put("/catalog/actions/database/administer/elevation/ticket", true)],
		"reasons": {_of("ticket_mismatch", "e-1")},
	})
}

test_of_another_type[note] if {
	some note, case in {
		"begins with nothing": {"record": {"not_before": null}, "reasons": {_missing("dump")}},
		"begins with text": {"record": {"not_before": "2020"}, "reasons": {_missing("dump")}},
		"ends with text": {"record": {"expires_at": "2099"}, "reasons": {_missing("dump")}},
		"ends with nothing": {"record": {"expires_at": null}, "reasons": {_missing("dump")}},
		"approved until text": {"record": {"approved_until": "2099"}, "reasons": {_missing("dump")}},
		"approvers as text": {"record": {"approvers": "carol"}, "reasons": {_not_approved("e-1", 1)}},
		"an approver as number": {"record": {"approvers": [7]}, "reasons": {_not_approved("e-1", 1)}},
		"requester as number": {"record": {"requester": 7}, "reasons": {_of("requester_unknown", "e-1")}},
	}
	fixtures.holds({"ask": fixtures.ask("dump"), "to": [_elevation(case.record)], "reasons": case.reasons})
}

# An allow ends when the approver's revocation that is known of begins, unless another approved as well.
test_until_the_approver_is_revoked if {
	_until({"to": [_revoke_subject("carol", fixtures.now + fixtures.second)]}) == "2027-01-15T08:00:01Z"
	_until({"to": [
		_elevation({"approvers": ["bound", "carol"]}),
		_revoke_subject("carol", fixtures.now + fixtures.second),
	]}) == "2027-01-15T08:59:59Z"
	_until({"to": [
		_elevation({"approvers": ["bound", "carol"], "required": 2}),
		_revoke_subject("carol", fixtures.now + fixtures.second),
	]}) == "2027-01-15T08:00:01Z"
}

_verdict(case) := verdict if {
	request := json.patch(fixtures.ask("dump"), object.get(case, "with", []))
	docs := json.patch(fixtures.documents, case.to)
	verdict := data.authz.gates.elevation.verdict with input as request
		with data.catalog as docs.catalog
		with data.config as docs.config
		with data.iga as docs.iga
		with data.pam as docs.pam
		with data.trust as docs.trust
		with data.revocations as docs.revocations
		with time.now_ns as fixtures.now
}

# What the answer may not be kept for, or only together with.
test_what_it_depends_on[note] if {
	some note, case in {
		"nothing more": {"record": {}, "to": [], "has": {}},
		"ticket": {
			"record": {},
			"to": [fixtures.put("/catalog/actions/database/dump/elevation/ticket", true)],
			"has": {"store": true, "depends_on": ["context.ticket"]},
		},
		"parameters": {
			"record": {"parameters": _digest},
			"to": [],
			"has": {"store": true, "depends_on": ["action.properties"]},
		},
		"parameters of the approval": {
			"record": {"approved": {"parameters": _digest}},
			"to": [],
			"has": {"store": true, "depends_on": ["action.properties"]},
		},
		"an approval for the subject": {
			"record": {"approved": {"subject": "alice"}},
			"to": [],
			"has": {"store": true, "depends_on": []},
		},
		"uses": {
			"record": {"max_uses": 1},
			"to": [],
			"has": {"store": false, "depends_on": ["context.uses"]},
		},
	}
	verdict := _verdict({
		"with": array.concat(_with_parameters, [fixtures.put("/context/uses", {"e-1": 0})]),
		"to": array.concat([_elevation(case.record)], case.to),
	})
	verdict.pass == true
	object.filter(verdict, ["store", "depends_on"]) == case.has
}

test_notice_of_a_use if {
	case := {
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/context/uses", {"e-1": 0})],
		"to": [_elevation({"max_uses": 1})],
	}
	answer := fixtures.answer(case)
	answer.context.obligations == [
		{"id": "record_session", "type": "record_session", "properties": {}},
		{"id": "notify:use", "type": "notify", "properties": {"event": "use", "elevation": "e-1"}},
	]
}

# Of how many approvals it takes, nobody can say; so it takes more than there are.
test_nobody_knows_how_many_approvals[note] if {
	some note, odd in {"null": null, "text": "1", "negative": -1, "false": false}
	every to in [
		[_elevation({"required": odd, "approvers": ["carol", "bound"]})],
		[fixtures.put("/catalog/actions/database/dump/elevation/approvals", odd), _elevation({"required": 0})],
		[fixtures.put("/catalog/actions/database/dump/elevation/approvals", odd)],
	] {
		fixtures.answer({"ask": fixtures.ask("dump"), "to": to}).decision == false
	}
}

test_uses_that_are_not_countable[note] if {
	some note, uses in {
		"an exponent": json.unmarshal("1e-1"),
		"thirteen digits": 1000000000000,
		"seven digits after the point": 0.0000001,
	}
	fixtures.holds({
		"ask": fixtures.ask("dump"),
		"with": [fixtures.put("/context/uses", {"e-1": uses})],
		"to": [_elevation({"max_uses": 9000000000000})],
		"reasons": {_use_unknown},
	})
}
