# METADATA
# title: Elevation gate
# description: >-
#   A privileged action needs a live elevation for exactly this, approved by someone else, recorded
#   where the catalogue asks for it; or break-glass in its window, where the catalogue accepts it.
package authz.gates.elevation

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes when the action is not privileged, or the subject is elevated for it now.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true} if {
	facts.action.privileged == false
} else := {
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
		"snapshot": data.pam.snapshots[elevation.system].id,
	},
} if {
	facts.action.privileged == true
	[until, id, elevation, "elevation"] = facts.elevated
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
		"snapshot": data.pam.snapshots[activation.system].id,
	},
} if {
	facts.action.privileged == true
	[until, id, activation, "break_glass"] = facts.elevated
}

# METADATA
# title: Elevations are not loaded
# description: The PAM document is missing.
# custom:
#   id: elevation.unavailable
#   remediation: Publish the pam bundle and see that OPA loads it.
#   controls: [NHI-03, C3]
reasons contains {"id": "elevation.unavailable", "next_action": "retry"} if {
	_privileged
	not data.pam.bundle.sequence
}

# METADATA
# title: Nobody can say whether this needs an elevation
# description: >-
#   The catalogue does not say whether the action is privileged, or the request names no action or
#   resource.
# custom:
#   id: elevation.not_decidable
#   remediation: Correct the request, or add the action to the catalogue.
#   controls: [C3]
reasons contains {"id": "elevation.not_decidable", "next_action": "none"} if not _decidable

# METADATA
# title: No live elevation for this
# description: The action is privileged, and no live elevation of the subject is for this action on this resource.
# custom:
#   id: elevation.missing
#   remediation: Request an elevation that names this action and resource in the PAM system.
#   controls: [NHI-03, A-04, C3]
reasons contains {
	"id": "elevation.missing",
	"next_action": "request",
	"needs": {"resource": facts.own_scope, "action": input.action.name},
} if {
	_privileged
	data.pam.bundle.sequence
	facts.elevations == []
}

# METADATA
# title: The elevation was revoked
# description: An elevation or break-glass activation for exactly this was withdrawn before its end.
# custom:
#   id: elevation.revoked
#   remediation: None for the caller. An operator may lift the revocation after review.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "elevation.revoked", "next_action": "none", "needs": {"elevation": id}} if {
	_privileged
	some [id, record] in _records
	facts.elevation_withdrawn(id) <= facts.now
	some key in record.keys
	key in facts.elevation_keys
}

# METADATA
# title: The elevation is not approved by enough others
# description: Fewer people approved than the catalogue or the PAM asks for.
# custom:
#   id: elevation.not_approved
#   remediation: Have the request approved by the number of people that is asked for.
#   controls: [C3]
reasons contains {
	"id": "elevation.not_approved",
	"next_action": "request",
	"needs": {"elevation": id, "approvals": _needed(elevation)},
} if {
	some [_, id, elevation] in _candidates
	count(_people(elevation)) < _needed(elevation)
}

# METADATA
# title: The elevation was approved by its own subject
# description: The subject or the requester is among the approvers, and without them there are too few.
# custom:
#   id: elevation.self_approved
#   remediation: Have someone else approve.
#   controls: [C3]
reasons contains {"id": "elevation.self_approved", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation] in _candidates
	count(_others(elevation)) < _needed(elevation)
	_others(elevation) != _people(elevation)
}

# METADATA
# title: An approver is not an active person
# description: >-
#   An approver is unknown to the IGA, no longer active, or no person, and without them there are too few.
# custom:
#   id: elevation.approver_inactive
#   remediation: Have someone approve who is an active person in the IGA.
#   controls: [C3]
reasons contains {"id": "elevation.approver_inactive", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation] in _candidates
	others := _others(elevation)
	active := {approver | some approver in others; facts.active_person(approver)}
	count(active) < _needed(elevation)
	active != others
}

# METADATA
# title: Nobody knows who requested the elevation
# description: >-
#   The PAM names no requester, or one who matches no one identity, so that the approvers may be the
#   requester under another name.
# custom:
#   id: elevation.requester_unknown
#   remediation: Request the elevation under a name that the IGA knows, or correct `correlate` of the source.
#   controls: [C3]
reasons contains {"id": "elevation.requester_unknown", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation] in _candidates
	not _requester_known(elevation)
}

# METADATA
# title: The approval has ended
# description: The elevation still runs, but what it was approved for has ended.
# custom:
#   id: elevation.approval_expired
#   remediation: Have the elevation approved again.
#   controls: [C3]
reasons contains {"id": "elevation.approval_expired", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation] in _candidates
	elevation.approved_until <= facts.now
}

# METADATA
# title: The session is not recorded
# description: The catalogue asks for a recorded session, and the elevation has none.
# custom:
#   id: elevation.not_recorded
#   remediation: Open the session through the recording gateway of the PAM system.
#   controls: [C3]
reasons contains {"id": "elevation.not_recorded", "next_action": "request", "needs": {"elevation": id}} if {
	some [_, id, elevation] in _candidates
	not facts.recorded(elevation)
}

# METADATA
# title: Break-glass is not accepted here
# description: The subject has broken the glass for this, but the catalogue does not accept it for this action.
# custom:
#   id: elevation.break_glass_not_accepted
#   remediation: Request an approved elevation.
#   controls: [C3]
reasons contains {"id": "elevation.break_glass_not_accepted", "next_action": "request"} if {
	_privileged
	facts.break_glass != []
	not _break_glass_accepted
}

_privileged if facts.action.privileged == true

_decidable if {
	is_boolean(facts.action.privileged)
	facts.action_key
}

_break_glass_accepted if facts.action.elevation.break_glass == true

# All that the PAM lists of the subject, for whatever.
_records contains [id, record] if some id, record in data.pam.elevations[input.subject.id]

_records contains [id, record] if some id, record in data.pam.break_glass[input.subject.id]

# Elevations for exactly this, to be told what each lacks.
_candidates := [candidate | _privileged; some candidate in facts.elevations]

_needed(elevation) := max([facts.action.elevation.approvals, elevation.required])

_people(elevation) := {approver | some approver in elevation.approvers; is_string(approver)} - {""}

_others(elevation) := _people(elevation) - {input.subject.id, elevation.requester}

_requester_known(elevation) if {
	is_string(elevation.requester)
	elevation.requester != ""
}

_recording_obligations := [{"id": "record_session", "type": "record_session", "properties": {}} |
	facts.action.elevation.recording == true
]
