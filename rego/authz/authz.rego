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
#   the subject, nor of what it holds.
# entrypoint: true
evaluation := {"decision": true, "context": {
	"reasons": [],
	"obligations": [obligation | some verdict in _verdicts; some obligation in verdict.obligations],
	"valid_until": time.format(_until),
	"evidence": {gate: evidence | evidence := _verdicts[gate].evidence},
	"revisions": facts.revisions,
	"evaluated_at": time.format(facts.now),
}} if {
	_allowed
	facts.now < _until
} else := {"decision": false, "context": {
	"reasons": _reasons,
	"obligations": [],
	"evidence": {gate: evidence | _may_ask; evidence := _verdicts[gate].evidence},
	"revisions": facts.revisions,
	"evaluated_at": time.format(facts.now),
}}

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

_until := min([until | until := _verdicts[_].until])

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
