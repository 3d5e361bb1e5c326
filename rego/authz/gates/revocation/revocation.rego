# METADATA
# title: Revocation gate
# description: >-
#   Nothing that the request relies on has been revoked. Revocations outlive staleness: an old one goes
#   on denying. Without the document there is no knowing, so there is no passing.
package authz.gates.revocation

import data.authz.facts
import future.keywords.not

# METADATA
# description: >-
#   Passes when the revocations are loaded and none of them is about this request yet; `until` is the
#   first instant at which one is.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true, "until": until} if {
	data.revocations.bundle.sequence
	until := min([_subject_until, _session_until])
	facts.now < until
}

# METADATA
# title: Revocations are not loaded
# description: The revocations document is missing.
# custom:
#   id: revocation.unavailable
#   remediation: Publish the revocations bundle and see that OPA loads it.
#   controls: [C3]
reasons contains {"id": "revocation.unavailable", "next_action": "retry"} if not data.revocations.bundle.sequence

# METADATA
# title: The subject is revoked
# description: All of the subject's access was withdrawn.
# custom:
#   id: revocation.subject
#   remediation: None for the caller. An operator may lift the revocation after review.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "revocation.subject", "next_action": "none"} if _subject_until <= facts.now

# METADATA
# title: The session is revoked
# description: The session in which the request was made was ended.
# custom:
#   id: revocation.session
#   remediation: Authenticate again in a new session.
#   controls: [NHI-03, C3]
reasons contains {"id": "revocation.session", "next_action": "none"} if _session_until <= facts.now

default _subject_until := 9223372036854775807

_subject_until := facts.effective(revocation) if revocation := data.revocations.subjects[input.subject.id]

default _session_until := 9223372036854775807

_session_until := facts.effective(revocation) if revocation := data.revocations.sessions[input.context.session]
