# METADATA
# title: Request gate
# description: >-
#   The request has the shape of an AuthZEN evaluation, names an action that the catalogue knows, comes
#   through an enforcement point that may ask it and say what it says, and brings the context that the
#   action needs. An application that cannot pass context has a profile of what it may ask without.
package authz.gates.request

import data.authz.facts
import future.keywords.not

# METADATA
# description: >-
#   Passes when nothing of the request itself stands in the way. An answer to a request without context
#   ends early and has the enforcement point report it.
# scope: document
default verdict := {"pass": false}

verdict := {
	"pass": true,
	"evidence": {"pep": input.context.pep},
	"depends_on": [concat(".", ["context", name]) | some name in facts.action.context],
} if {
	_shaped
	facts.action
	_pep_permitted
	_refused == set()
	not _parents_refused
	every name in facts.action.context {
		is_string(input.context[name]) # not through _given, which would be a call a name
		input.context[name] != ""
	}
} else := {
	"pass": true,
	"until": facts.now + facts.profile.valid_for,
	"evidence": {"pep": facts.pep, "profile": data.catalog.applications[facts.action.application].profile},
	"obligations": [{
		"id": "notify:legacy-context",
		"type": "notify",
		"properties": {"event": "legacy_context", "missing": _context_needed},
	}],
} if {
	facts.legacy
	_shaped
	_pep_permitted
	not _parents_refused
	is_number(facts.profile.valid_for)
}

# METADATA
# title: The request is malformed
# description: >-
#   Subject, action or resource is missing, an identifier is no text, empty or too long, the ticket or the
#   chain's id is too long, or context or properties are no objects.
# custom:
#   id: request.malformed
#   remediation: >-
#     Send an AuthZEN evaluation request with subject{type,id}, action{name} and resource{type,id} as text,
#     and context and properties, where there are any, as objects; an id or name has at most 1,024 characters.
#   controls: [C3]
reasons contains {"id": "request.malformed", "next_action": "none"} if not _shaped

# METADATA
# title: The catalogue or trust is not loaded
# description: A document is missing without which no request can be judged.
# custom:
#   id: request.unavailable
#   remediation: Publish the policy and trust bundles and see that OPA loads them.
#   controls: [C3]
reasons contains {"id": "request.unavailable", "next_action": "retry"} if not _loaded

# METADATA
# title: The action is not in the catalogue
# description: The catalogue has no such action on such a type of resource, and what is unknown is denied.
# custom:
#   id: request.unknown_action
#   remediation: Add the action to the catalogue with its tier, or correct the request.
#   controls: [C3]
reasons contains {"id": "request.unknown_action", "next_action": "none"} if {
	_shaped
	data.catalog.actions
	not facts.action
}

# METADATA
# title: The enforcement point may not ask this
# description: The PEP is not known to trust, or not for this type of resource.
# custom:
#   id: request.pep_not_permitted
#   remediation: Register the PEP under trust.peps with the types of resource that it protects.
#   controls: [C3, NHI-03]
reasons contains {"id": "request.pep_not_permitted", "next_action": "none"} if {
	data.trust.peps
	not _pep_permitted
	not _without_profile
}

# METADATA
# title: The enforcement point may not assert this
# description: >-
#   The context holds what this PEP is not trusted to say. Or the request names parents of a resource
#   that the catalogue does not list, and this PEP is not trusted to, or they are not at most eight
#   `type:id` texts.
# custom:
#   id: request.assertion_not_permitted
#   remediation: Leave it out, let trust allow the PEP to assert it, or let the catalogue list the parents.
#   controls: [C3]
reasons contains {
	"id": "request.assertion_not_permitted",
	"next_action": "none",
	"needs": {"asserts": [assertion | some assertion in _refused]},
} if {
	_refused != set()
}

reasons contains {"id": "request.assertion_not_permitted", "next_action": "none"} if {
	_refused == set()
	_parents_refused
}

# METADATA
# title: The action needs more context
# description: The catalogue asks for context that the request does not bring.
# custom:
#   id: request.context_missing
#   remediation: Send the named members of context.
#   controls: [C3, A-04]
reasons contains {
	"id": "request.context_missing",
	"next_action": "retry",
	"needs": {"context": missing},
} if {
	not facts.legacy
	not _without_profile
	missing := [name |
		some name in facts.action.context
		not _given(name)
	]
	missing != []
}

# METADATA
# title: Not without context
# description: >-
#   The application may ask for some actions without context, but not for this one: its profile does not
#   list it.
# custom:
#   id: request.legacy_context
#   remediation: Send the named members of context, or add the action to the application's profile.
#   controls: [C3, A-04]
reasons contains {
	"id": "request.legacy_context",
	"next_action": "retry",
	"needs": {"context": _context_needed},
} if {
	_without_profile
}

_shaped if {
	is_string(input.subject.type)
	is_string(input.subject.id)
	is_string(input.action.name)
	facts.own_scope
	input.subject.type != ""
	input.subject.id != ""
	input.action.name != ""
	count(input.subject.type) <= _longest
	count(input.subject.id) <= _longest
	count(input.action.name) <= _longest
	count(input.resource.type) <= _longest
	count(input.resource.id) <= _longest
	not _oversized
	not _misshapen
}

# Answers repeat these texts, some of them several times. Without an end, whoever pads one makes the event of the
# decision larger than an upload of the decision log may be, and OPA drops it.
_longest := 1024

_oversized if {
	is_string(input.context.ticket)
	count(input.context.ticket) > _longest
}

_oversized if {
	is_string(input.context.chain.id)
	count(input.context.chain.id) > _longest
}

# What may be absent is an object where it is there. Bound first: inside `not`, a missing one would count as wrong.
_misshapen if {
	context := input.context
	not is_object(context)
}

_misshapen if {
	properties := input.action.properties
	not is_object(properties)
}

_misshapen if {
	properties := input.resource.properties
	not is_object(properties)
}

_loaded if {
	data.catalog.actions
	data.trust.peps
}

_pep_permitted if data.trust.peps[facts.pep].resource_types[input.resource.type] == true

# Without context, and the application's profile does not have this action.
_without_profile if {
	facts.profile
	not facts.legacy
	not facts.contextual
}

# Members of the context that count only from a PEP which may say them, and what trust calls that.
_assertions := {
	"chain": "history",
	"conditions": "conditions",
	"confirmations": "confirmations",
	"counters": "counters",
	"history": "history",
	"uses": "uses",
}

_refused contains assertion if {
	some name, assertion in _assertions
	_ = input.context[name]
	not _may_assert(assertion)
}

_may_assert(assertion) if data.trust.peps[facts.pep].asserts[assertion] == true

# Parents that the catalogue lists are the catalogue's; only of an unlisted resource do asserted ones count.
_parents_refused if {
	asserted := input.resource.properties.parents
	not facts.listed
	facts.parents != asserted
}

_context_needed := array.concat(["pep"], [name | some name in facts.action.context])

_given(name) if {
	is_string(input.context[name])
	input.context[name] != ""
}
