# METADATA
# title: Elevation gate
# description: >-
#   A privileged action needs a live elevation for exactly this, approved by someone else, recorded
#   where the catalogue asks for it; or break-glass in its window, where the catalogue accepts it. What a
#   live elevation lacks is told in `reasons.rego`, each reason with the elevation's id.
package authz.gates.elevation

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when the action is not privileged, or the subject is elevated for it now.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true} if {
	facts.action.privileged == false
} else := _relied_on if {
	facts.action.privileged == true
	facts.asks_no_more # most elevations are held against nothing more than every answer is
	facts.elevated[4] == {}
} else := object.union(_relied_on, {
	"obligations": array.concat(_relied_on.obligations, _use_obligations),
	"store": _storable,
	"depends_on": array.concat(_ticket_part, facts.elevation_parts(facts.elevated[2])),
}) if {
	facts.action.privileged == true
}

_recording_obligations := [{"id": "record_session", "type": "record_session", "properties": {}} |
	facts.action.elevation.recording == true
]

# What is relied on, as a verdict.
_relied_on := {
	"pass": true,
	"until": until,
	"obligations": _recording_obligations,
	"evidence": {
		"id": id,
		"kind": "elevation",
		"requester": elevation.requester,
		"approvers": elevation.approvers,
		"session": elevation.session,
		"ticket": elevation.ticket,
		"source": elevation.system,
		"snapshot": _snapshot(elevation.system),
	},
} if {
	[until, id, elevation, "elevation", _] = facts.elevated
} else := {
	"pass": true,
	"until": until,
	"obligations": array.concat(_recording_obligations, [
		{"id": "notify:break-glass", "type": "notify", "properties": {"event": "break_glass", "activation": id}},
		{
			"id": "review:break-glass",
			"type": "review",
			"properties": {"activation": id, "due_at": time.format(activation.review_due_at)},
		},
	]),
	"evidence": {
		"id": id,
		"kind": "break_glass",
		"justification": activation.justification,
		"incident": activation.incident,
		"activated_by": activation.activated_by,
		"source": activation.system,
		"snapshot": _snapshot(activation.system),
	},
} if {
	[until, id, activation, "break_glass", _] = facts.elevated
}

# Of a system without a listing the freshness gate says so.
_snapshot(system) := id if {
	id := data.pam.snapshots[system].id # regal ignore:prefer-value-in-head
} else := ""

# What is used up by asking must be asked for each time.
default _storable := true

_storable := false if facts.elevated[2].max_uses

# Whoever counts uses is told of one.
default _use_obligations := []

_use_obligations := [{
	"id": "notify:use",
	"type": "notify",
	"properties": {"event": "use", "elevation": facts.elevated[1]},
}] if {
	facts.elevated[2].max_uses
}

default _ticket_part := []

_ticket_part := ["context.ticket"] if facts.asked("ticket")
