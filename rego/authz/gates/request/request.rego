# METADATA
# title: Request gate
# description: >-
#   The request has the shape of an AuthZEN evaluation, names an action that the catalogue knows, comes
#   through an enforcement point that may ask it, and brings the context that the action needs.
package authz.gates.request

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when nothing of the request itself stands in the way.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true, "evidence": {"pep": input.context.pep}} if {
	_shaped
	facts.action
	_pep_permitted
	not _assertion_refused
	every name in facts.action.context {
		is_string(input.context[name]) # not through _given, which would be a call a name
		input.context[name] != ""
	}
}

# METADATA
# title: The request is malformed
# description: Subject, action or resource is missing, or an identifier is no text or empty.
# custom:
#   id: request.malformed
#   remediation: Send an AuthZEN evaluation request with subject{type,id}, action{name} and resource{type,id} as text.
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
}

# METADATA
# title: The enforcement point may not assert this
# description: >-
#   The request names parents of a resource that the catalogue does not list, and this PEP is not
#   trusted to, or they are not at most eight `type:id` texts.
# custom:
#   id: request.assertion_not_permitted
#   remediation: Let the catalogue list the parents, or let trust allow the PEP to assert them.
#   controls: [C3]
reasons contains {"id": "request.assertion_not_permitted", "next_action": "none"} if _assertion_refused

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
	missing := [name |
		some name in facts.action.context
		not _given(name)
	]
	missing != []
}

_shaped if {
	is_string(input.subject.type)
	is_string(input.subject.id)
	is_string(input.action.name)
	facts.own_scope
	input.subject.type != ""
	input.subject.id != ""
	input.action.name != ""
}

_loaded if {
	data.catalog.actions
	data.trust.peps
}

_pep_permitted if data.trust.peps[input.context.pep].resource_types[input.resource.type] == true

# Parents that the catalogue lists are the catalogue's; only of an unlisted resource do asserted ones count.
_assertion_refused if {
	asserted := input.resource.properties.parents
	not facts.listed
	facts.parents != asserted
}

_given(name) if {
	is_string(input.context[name])
	input.context[name] != ""
}
