# METADATA
# title: Identity gate
# description: >-
#   The subject is known to the IGA, active, of the type it claims, owned, and at home where the
#   resource lives.
package authz.gates.identity

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when the identity may be relied on here.
# scope: document
default verdict := {"pass": false}

verdict := {
	"pass": true,
	"evidence": {
		"id": input.subject.id,
		"type": type,
		"source": system,
		"snapshot": data.iga.snapshots[system].id,
	},
} if {
	[status, type, _, system, _] := facts.identity
	status == "active"
	type == input.subject.type
	_owned
	_at_home
}

# METADATA
# title: Identities are not loaded
# description: The IGA document is missing.
# custom:
#   id: identity.unavailable
#   remediation: Publish the iga bundle and see that OPA loads it.
#   controls: [NHI-03, C3]
reasons contains {"id": "identity.unavailable", "next_action": "retry"} if not data.iga.bundle.sequence

# METADATA
# title: The subject is unknown
# description: No IGA source lists this identity.
# custom:
#   id: identity.unknown
#   remediation: Have the identity created in the IGA and wait for the next sync.
#   controls: [NHI-03, C3]
reasons contains {"id": "identity.unknown", "next_action": "none"} if {
	data.iga.bundle.sequence
	not facts.identity
}

# METADATA
# title: The subject is not active
# description: The identity is disabled, suspended or deleted at its source.
# custom:
#   id: identity.inactive
#   remediation: Have the identity enabled at its source, if it should be.
#   controls: [NHI-03, C3]
reasons contains {"id": "identity.inactive", "next_action": "none"} if facts.identity[0] != "active"

# METADATA
# title: The subject is of another type
# description: The request says one type of subject, the IGA another.
# custom:
#   id: identity.type_mismatch
#   remediation: Send the type that the IGA knows. A workload must not pass for a person, nor a person for a workload.
#   controls: [NHI-03]
reasons contains {"id": "identity.type_mismatch", "next_action": "none"} if {
	facts.identity
	not _type_matches
}

# METADATA
# title: Nobody answers for the subject
# description: A non-human identity needs an owner who is an active person.
# custom:
#   id: identity.ownerless
#   remediation: Assign an active person as owner in the IGA.
#   controls: [NHI-03, A-04]
reasons contains {"id": "identity.ownerless", "next_action": "none"} if {
	facts.identity
	not _owned
}

# METADATA
# title: The subject belongs to another environment
# description: A non-human identity acts only in its own environment; so does a person who is bound to one.
# custom:
#   id: identity.environment_mismatch
#   remediation: Use the identity of the resource's environment.
#   controls: [NHI-03]
reasons contains {"id": "identity.environment_mismatch", "next_action": "none"} if {
	facts.identity
	facts.environment
	not _at_home
}

# METADATA
# title: Nobody knows where the resource lives
# description: >-
#   The subject is bound to an environment, and the catalogue gives neither the resource nor its
#   application one.
# custom:
#   id: identity.environment_unknown
#   remediation: Give the application an environment in the catalogue, or correct the request.
#   controls: [NHI-03]
reasons contains {"id": "identity.environment_unknown", "next_action": "none"} if {
	facts.identity
	not facts.environment
	not _at_home
}

_type_matches if facts.identity[1] == input.subject.type

_owned if facts.identity[1] == "human"

_owned if {
	facts.identity[1] != "human"
	facts.owner
}

_at_home if facts.identity[2] == facts.environment

_at_home if {
	facts.identity[1] == "human"
	facts.identity[2] == ""
}
