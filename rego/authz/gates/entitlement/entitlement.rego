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

verdict := {
	"pass": true,
	"until": until,
	"evidence": {
		"grant": id,
		"entitlement": key,
		"expires_at": end,
		"via": via,
		"elevation": elevation,
		"source": system,
		"snapshot": data.iga.snapshots[system].id,
	},
} if {
	[until, key, system, id, end, via, elevation] := facts.grant
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
	some key in facts.grant_keys
	_ := data.iga.denies[input.subject.id][key] # whatever it says, it is a deny
}
