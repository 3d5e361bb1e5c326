# METADATA
# title: Freshness gate
# description: >-
#   Every document that the decision relies on is inside its own window, inside the age that the
#   action's tier tolerates, and no older than the configured floor. OPA itself serves what it has for
#   ever, and accepts an old bundle as long as its signature is right: this gate does not.
package authz.gates.freshness

import data.authz.facts
import future.keywords.not

# METADATA
# description: Passes while everything relied on is fresh; `until` is the first instant at which something is not.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true, "until": until} if {
	ends := [
		data.catalog.bundle.expires_at,
		_iga_bundle_until,
		data.trust.bundle.expires_at,
		data.revocations.bundle.expires_at,
		data.revocations.bundle.issued_at + facts.ages.revocations,
		_identity_until,
		_guards_until,
		_grant_until,
		_elevation_until,
	]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
	until := min(ends)
	facts.now < until
	data.revocations.bundle.issued_at <= facts.latest
	is_object(data.config.floors)
	not _rolled_back
}

# METADATA
# title: Nobody can say how old the data may be
# description: >-
#   The action is not in the catalogue, or its tier, the leeway or the floors are not configured, so
#   there is no age to hold the data against.
# custom:
#   id: freshness.not_decidable
#   remediation: Correct the request, add the action to the catalogue, or configure its tier.
#   controls: [C3]
reasons contains {"id": "freshness.not_decidable", "next_action": "none"} if not _decidable

# METADATA
# title: A document is older than the floor
# description: >-
#   The sequence number of a loaded document is below the least that the configuration accepts; an
#   old bundle is being replayed.
# custom:
#   id: freshness.rolled_back
#   remediation: Publish the current bundle; find out who served the old one.
#   controls: [C3]
reasons contains {"id": "freshness.rolled_back", "next_action": "retry"} if _rolled_back

# METADATA
# title: The policy bundle has expired
# description: The catalogue was not issued again in time, or is not loaded.
# custom:
#   id: freshness.policy_expired
#   remediation: Build and publish the policy bundle again.
#   controls: [C3]
reasons contains {"id": "freshness.policy_expired", "next_action": "retry"} if {
	not _current(data.catalog.bundle.expires_at)
}

# METADATA
# title: The trust bundle has expired
# description: Issuers, keys and PEPs were not issued again in time, or are not loaded.
# custom:
#   id: freshness.trust_expired
#   remediation: Build and publish the trust bundle again.
#   controls: [C3]
reasons contains {"id": "freshness.trust_expired", "next_action": "retry"} if {
	not _current(data.trust.bundle.expires_at)
}

# METADATA
# title: IGA data is too old
# description: >-
#   The listing of identities or grants relied on, or one whose denies or disabled identities would
#   count here, is older than the tier tolerates, expired, dated in the future, or not loaded.
# custom:
#   id: freshness.iga_stale
#   remediation: See `livegate status` for the source that fails, mend it, and sync.
#   controls: [NHI-03, C3]
reasons contains {"id": "freshness.iga_stale", "next_action": "retry"} if not _iga_fresh

# METADATA
# title: PAM data is too old
# description: >-
#   The listing of the elevation relied on is older than the tier tolerates, expired, dated in the
#   future, or not loaded.
# custom:
#   id: freshness.pam_stale
#   remediation: See `livegate status` for the source that fails, mend it, and sync.
#   controls: [NHI-03, C3]
reasons contains {"id": "freshness.pam_stale", "next_action": "retry"} if {
	_decidable
	_relies_on_pam
	not _pam_current
}

# METADATA
# title: Revocations are too old
# description: >-
#   The revocations were not issued again within the age that the tier tolerates, or are dated in
#   the future, so that a new one may be missing.
# custom:
#   id: freshness.revocations_stale
#   remediation: See that `livegate serve` runs and that OPA reaches it.
#   controls: [A-04, C3]
reasons contains {"id": "freshness.revocations_stale", "next_action": "retry"} if not _revocations_fresh

# In an emergency the bundle too may be as old as break-glass allows, whatever its own end.
_iga_bundle_until := data.iga.bundle.expires_at if {
	facts.emergency == false
} else := data.iga.bundle.issued_at + data.config.break_glass.ages.iga if {
	facts.emergency == true # said again, as a bundle without an end comes by here too
	data.iga.bundle.issued_at <= facts.latest
}

# Until when the listings may be relied on that name the subject and, if it is no person, its owner. Of one
# whom none names: all of them, as any may have missed it.
_identity_until := facts.iga_until(facts.identity[3]) if {
	facts.identity[1] == "human"
} else := min([facts.iga_until(facts.identity[3]), facts.owner[0]]) if {
	facts.owner
} else := facts.iga_until(facts.identity[3]) if {
	facts.identity
} else := min([facts.iga_until(system) | some system, _ in data.iga.snapshots])

# Until when the listings may be relied on that could deny or disable anybody: a newer one may do so.
_guards_until := until if {
	# an else needs a body before it
	# regal ignore:prefer-value-in-head
	until := min([facts.iga_until(system) | some system in data.iga.guards])
} else := facts.never if {
	data.iga.guards == []
}

# A grant ends with what activates it, so this covers the elevation of an eligible one too.
default _grant_until := 9223372036854775807

_grant_until := facts.grant[0]

# Without an elevation any of the listings may have missed it.
_elevation_until := facts.never if {
	facts.action.privileged == false
} else := facts.elevated[0] if {
	facts.elevated
} else := min([facts.pam_until(system) | some system, _ in data.pam.snapshots])

_decidable if {
	facts.ages
	facts.latest
	is_object(data.config.floors)
}

_relies_on_pam if facts.action.privileged == true

_relies_on_pam if facts.grant[6] != ""

_rolled_back if {
	some root, least in data.config.floors
	_matters(root)
	not _at_least(root, least)
}

# What the decision does not rely on may be as old as it likes.
_matters(root) if root != "pam"

_matters("pam") if _relies_on_pam

_matters("pam") if facts.agent

_at_least(root, least) if {
	is_number(least)
	_sequences[root] >= least
}

_sequences["policy"] := data.catalog.bundle.sequence

_sequences["iga"] := data.iga.bundle.sequence

_sequences["pam"] := data.pam.bundle.sequence

_sequences["trust"] := data.trust.bundle.sequence

_sequences["revocations"] := data.revocations.bundle.sequence

_current(instant) if {
	is_number(instant)
	facts.now < instant
}

_iga_fresh if {
	_current(_iga_bundle_until)
	_iga_current
}

# Without a tier to say how old, only the document's own end counts; the gate says what is missing.
_iga_fresh if {
	_current(_iga_bundle_until)
	not _decidable
}

_revocations_fresh if {
	_current(data.revocations.bundle.expires_at)
	_revocations_current
}

_revocations_fresh if {
	_current(data.revocations.bundle.expires_at)
	not _decidable
}

_iga_current if {
	_current(_identity_until)
	_current(_guards_until)
	_current(_listing_until)
}

default _listing_until := 9223372036854775807

_listing_until := facts.iga_until(facts.grant[2])

_pam_current if {
	_current(_elevation_until)
	_current(_activation_until)
}

# Until when the listing may be relied on of what activates the grant.
default _activation_until := 9223372036854775807

_activation_until := facts.pam_until(data.pam.elevations[input.subject.id][facts.grant[6]].system)

_revocations_current if {
	_current(data.revocations.bundle.issued_at + facts.ages.revocations)
	data.revocations.bundle.issued_at <= facts.latest
}
