# METADATA
# title: Runtime authorization
# description: >-
#   Decides one AuthZEN evaluation request. Every package under `authz.gates` is a gate: it gives a
#   `verdict`, and the `reasons` for which it did not pass. The router below finds the gates by their
#   place, so that adding one edits no other file.
# related_resources:
#   - ref: https://openid.github.io/authzen/
#     description: AuthZEN Authorization API 1.0, the shape of request and answer
# scope: subpackages
# schemas:
#   - input: schema.input
#   - data.catalog: schema.catalog
#   - data.config: schema.config
#   - data.iga: schema.iga
#   - data.pam: schema.pam
#   - data.trust: schema.trust
#   - data.revocations: schema.revocations
package authz

import data.authz.facts
import future.keywords.not

# METADATA
# title: The decision
# description: >-
#   Always defined, whatever was posted. `decision` is true only if every gate passed; otherwise
#   `context.reasons` names each gate that did not, why, and what to do next. Where the request gate did
#   not pass, the answer gives its reasons alone and no evidence: whoever may not ask learns nothing of
#   the subject, nor of what it holds. How much of a denial an enforcement point is told, trust says.
#   The answer's schema is `answer.json`.
# entrypoint: true
evaluation := {"decision": true, "context": {
	"reasons": [],
	"obligations": [obligation | some verdict in _verdicts; some obligation in verdict.obligations],
	"valid_until": _valid_until,
	"cache": {"store": _storable, "until": _valid_until, "depends_on": (_depends_on | _parts)},
	"evidence": {gate: evidence | evidence := _verdicts[gate].evidence},
	"revisions": facts.revisions,
	"snapshots": facts.snapshots,
	"evaluated_at": time.format(facts.now),
}} if {
	_allowed
	facts.now < _until
} else := {"decision": false, "context": object.union(
	{
		"reasons": _said,
		"next_action": _next_action,
		"obligations": [],
		"evidence": {gate: evidence | _may_ask; _detail == "full"; evidence := _verdicts[gate].evidence},
		"revisions": facts.revisions,
		"snapshots": facts.snapshots,
		"evaluated_at": time.format(facts.now),
	},
	_offer,
)}

# A gate that fails says {"pass": false}, so every gate that is loaded is in here. As a comprehension,
# because it is evaluated once, where each look into a partial object would be a rule evaluation.
# regal ignore:prefer-set-or-object-rule
_verdicts := {gate: verdict | verdict := data.authz.gates[gate].verdict}

# Both halves are needed: no gate that is loaded may fail, and the gates that the configuration
# names must be loaded. Without the second, a policy that lost a gate would allow more.
_allowed if {
	every verdict in _verdicts {
		verdict.pass == true
	}
	object.subset(_verdicts, data.config.gates)
}

_until := min(ends) if {
	ends := [until | until := _verdicts[_].until]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
}

_valid_until := time.format(_until)

# One gate that says the answer is used up by asking is enough, and so is one that says something odd.
default _storable := true

_storable := false if {
	some verdict in _verdicts
	verdict.store != true
}

# What every answer is made from; of a credential or chain, that there was none. The gates add to it.
_depends_on := {"action.name", "context.chain", "context.credential", "context.pep", "resource", "subject"}

# As a comprehension for the same reason as `_verdicts`.
# regal ignore:prefer-set-or-object-rule
_parts := {part | some verdict in _verdicts; some part in verdict.depends_on}

# Nothing that is wrong may leave a denial without a reason, not even what nobody thought of.
default _reasons := {{"id": "decision.undefined", "gate": "decision", "next_action": "none"}}

_reasons := _given if count(_given) > 0

_given contains object.union(reason, {"gate": gate}) if {
	some gate in _told
	some reason in data.authz.gates[gate].reasons
}

# Whoever adds a gate may forget a reason: the denial stands and says so.
_given contains {"id": "decision.unexplained", "gate": gate, "next_action": "none"} if {
	some gate in _told
	not _explained(gate)
}

_given contains {"id": "decision.gate_missing", "gate": gate, "next_action": "none"} if {
	some gate, _ in data.config.gates
	not _loaded(gate)
}

_given contains {"id": "decision.not_configured", "gate": "decision", "next_action": "retry"} if not data.config.gates

_failed contains gate if {
	some gate, verdict in _verdicts
	not _passed(verdict)
}

# What a failed gate has to say of the subject is for those who may ask.
_told contains gate if {
	some gate in _failed
	_may_ask
}

_told contains "request" if "request" in _failed

_may_ask if _verdicts.request.pass == true

_passed(verdict) if verdict.pass == true

_explained(gate) if count(data.authz.gates[gate].reasons) > 0

_loaded(gate) if is_object(_verdicts[gate])

# How much of a denial this enforcement point is told: `full`, `ids`, and anything else is nothing. One
# that trust does not know is told in full what is wrong with its request, which is all that it gets.
default _detail := "full"

_detail := data.trust.peps[facts.pep].reasons

default _said := []

_said := _reasons if _detail == "full"

_said := {object.filter(reason, ["id", "gate"]) | some reason in _reasons} if _detail == "ids"

# What is worth doing at all: nothing, if only one of the reasons cannot be helped.
default _next_action := "retry"

_next_action := "none" if {
	"none" in _actions
} else := "request" if {
	"request" in _actions
}

_actions contains reason.next_action if some reason in _reasons

# What to ask for so that the reasons go away, in the words of AuthZEN's access-request profile. The
# request was shaped, or `next_action` would be `none`. What was denied may be held against the offer
# for as long as revocations may be old: after that, ask for a decision again.
default _offer := {}

_offer := {"access_request": {
	"template": object.union_n([
		{
			"subject": {"type": input.subject.type, "id": input.subject.id},
			"action": {"name": input.action.name},
			"resource": {"type": input.resource.type, "id": input.resource.id},
		},
		_wanted_entitlements,
		_wanted_elevation,
	]),
	"expires_at": time.format(facts.now + facts.ages.revocations),
}} if {
	_next_action == "request"
	_detail == "full"
	is_number(facts.ages.revocations)
}

# A grant that is there and only not activated is not to be asked for again.
default _wanted_entitlements := {}

_wanted_entitlements := {"entitlements": [entitlement | some entitlement in entitlements]} if {
	entitlements := {entitlement |
		some reason in _reasons
		reason.next_action == "request"
		reason.id != "entitlement.not_activated"
		some entitlement in reason.needs.entitlements
	}
	entitlements != set()
}

# An elevation for one of these keys and for these parameters; one that activates a grant elevates, too.
default _wanted_elevation := {}

_wanted_elevation := {"elevation": {"keys": _inactive_keys, "parameters": facts.digest}} if {
	some reason in _reasons
	reason.id == "entitlement.not_activated"
} else := {"elevation": {"keys": [facts.action_key], "parameters": facts.digest}} if {
	some reason in _reasons
	reason.gate == "elevation"
	reason.next_action == "request"
}

_inactive_keys := [key |
	some key in facts.grant_keys
	_ = data.iga.grants[input.subject.id][key]
]
