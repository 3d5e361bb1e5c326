# METADATA
# title: Entitlement gate
# description: >-
#   A live grant of an entitlement that permits the action, on a scope that reaches the resource, and
#   no deny. Necessary, never sufficient: holding a right is not being allowed to use it now.
package authz.gates.entitlement

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when a live grant covers action and resource and no deny does.
# scope: document
default verdict := {"pass": false}

verdict := _granted if {
	facts.grant[6] == ""
	not _denied
} else := object.union(_granted, {
	"obligations": _use_obligations,
	"store": _storable,
	"depends_on": facts.elevation_parts(_activation),
}) if {
	not _denied
}

# METADATA
# title: Grants are not loaded
# description: The IGA document is missing.
# custom:
#   id: entitlement.unavailable
#   remediation: Publish the iga bundle and see that OPA loads it.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.unavailable", "next_action": "retry"} if not data.iga.bundle.sequence

# METADATA
# title: No entitlement permits this
# description: >-
#   The catalogue names no entitlement that permits this action on this resource, or the request
#   names neither.
# custom:
#   id: entitlement.not_decidable
#   remediation: Name a permitting entitlement in the catalogue, or correct the request.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.not_decidable", "next_action": "none"} if facts.grant_keys == []

# METADATA
# title: No grant covers this
# description: The subject holds no entitlement that permits the action on this resource.
# custom:
#   id: entitlement.missing
#   remediation: Request one of the named entitlements in the IGA.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.missing", "next_action": "request", "needs": _needs} if {
	data.iga.bundle.sequence
	facts.grant_keys != []
	_held == []
}

# METADATA
# title: The grant is not live
# description: A grant that would cover this has ended or has not begun.
# custom:
#   id: entitlement.not_live
#   remediation: Request the entitlement again in the IGA, or wait for its start.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.not_live", "next_action": "request", "needs": _needs} if {
	_held != []
	_live == []
}

# METADATA
# title: The grant is eligible only
# description: The grant counts only together with a live and approved elevation of the same entitlement.
# custom:
#   id: entitlement.not_activated
#   remediation: Activate the entitlement in the PAM system.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.not_activated", "next_action": "request", "needs": _needs} if {
	_live != []
	not facts.grant
}

# METADATA
# title: A deny covers this
# description: The IGA lists a deny for the subject; it wins over every grant, and outlives staleness.
# custom:
#   id: entitlement.denied
#   remediation: None for the caller. The deny is lifted at its source.
#   controls: [NHI-03, C3]
reasons contains {"id": "entitlement.denied", "next_action": "none"} if _denied

_needs := {"entitlements": [entitlement |
	some entitlement in data.catalog.permits[input.resource.type][input.action.name]
]}

# What the subject holds of it, live or not, as `[start, end]`.
_held := [[start, end] |
	some key in facts.grant_keys
	[_, _, end, start, _, _] := split(data.iga.grants[input.subject.id][key], "|")
]

_live := [grant |
	some grant in _held
	grant[0] <= facts.now_digits
	facts.now_digits < grant[1]
]

_denied if {
	_ := data.iga.denies[input.subject.id] # nearly nobody has one, and then there is nothing to look up
	some key in facts.grant_keys
	_ := data.iga.denies[input.subject.id][key] # whatever it says, it is a deny
}

# The grant that is relied on, as a verdict.
_granted := {
	"pass": true,
	"until": until,
	"evidence": {
		"grant": id,
		"entitlement": key,
		"expires_at": end,
		"via": via,
		"elevation": elevation,
		"source": system,
		"snapshot": _snapshot(system),
	},
} if {
	[until, key, system, id, end, via, elevation] := facts.grant
}

# What activates an eligible grant.
# Of a system without a listing the freshness gate says so.
_snapshot(system) := id if {
	id := data.iga.snapshots[system].id # regal ignore:prefer-value-in-head
} else := ""

_activation := data.pam.elevations[input.subject.id][facts.grant[6]]

# An activation that is used up by asking must be asked for each time.
default _storable := true

_storable := false if _activation.max_uses

# Whoever counts uses is told of one; where the elevation gate relies on the same one, it says so.
default _use_obligations := []

_use_obligations := [{
	"id": "notify:use",
	"type": "notify",
	"properties": {"event": "use", "elevation": facts.grant[6]},
}] if {
	_activation.max_uses
	not _told
}

_told if {
	facts.action.privileged == true
	facts.elevated[1] == facts.grant[6]
}
