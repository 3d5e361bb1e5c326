# METADATA
# title: Revocation gate
# description: >-
#   Nothing that the request relies on has been revoked since it was issued. Revocations outlive
#   staleness: an old one goes on denying. Without the document there is no knowing, so there is no passing.
#   What the proof was is known only of a proof that holds; of any other nobody knows when it was issued.
package authz.gates.revocation

import data.authz.facts
import future.keywords.not

# METADATA
# description: >-
#   Passes when the revocations are loaded and none of them hits this request yet; `until` is the first
#   instant at which one does.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true, "until": until, "depends_on": ["context.session"]} if {
	# First what nearly every request is: the word of an enforcement point, and about no agent.
	data.revocations.bundle.sequence
	facts.proof.kind == "pep"
	not facts.agent
	until := min([_subject_until, _session_until])
	facts.now < until
} else := {"pass": true, "until": until, "depends_on": ["context.session"]} if {
	data.revocations.bundle.sequence
	until := min([
		_subject_until, _session_until, _token_until, _credential_until, _key_until, _mandate_until,
		_principal_until,
	])
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
# description: All of the subject's access was withdrawn, or all that rests on what was issued before.
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

# METADATA
# title: The token is revoked
# description: The token shown, by its `jti` or the transaction that it is for, was withdrawn before its end.
# custom:
#   id: revocation.token
#   remediation: Obtain a new token.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "revocation.token", "next_action": "none"} if _token_until <= facts.now

# METADATA
# title: The credential is revoked
# description: The certificate shown, or the key or certificate that the token is bound to, was withdrawn.
# custom:
#   id: revocation.credential
#   remediation: Obtain a new credential with a new key.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "revocation.credential", "next_action": "none"} if _credential_until <= facts.now

# METADATA
# title: The signing key is revoked
# description: The key by which the issuer signed the token was withdrawn.
# custom:
#   id: revocation.key
#   remediation: Obtain a token that is signed by a key in force.
#   controls: [NHI-03, C3]
reasons contains {"id": "revocation.key", "next_action": "none"} if _key_until <= facts.now

# METADATA
# title: The mandate is revoked
# description: The mandate that the agent acts under was withdrawn, or one that it was derived from.
# custom:
#   id: revocation.mandate
#   remediation: None for the caller. A person may commission the agent again.
#   controls: [A-04, C3]
reasons contains {"id": "revocation.mandate", "next_action": "none"} if _mandate_until <= facts.now

# METADATA
# title: Someone before the agent is revoked
# description: >-
#   All access was withdrawn of the person that the agent acts for, or of an agent that passed the mandate on.
# custom:
#   id: revocation.principal
#   remediation: None for the caller. An operator may lift the revocation after review.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "revocation.principal", "next_action": "none"} if _principal_until <= facts.now

default _subject_until := 9223372036854775807

_subject_until := facts.effective(revocation, _issued) if revocation := data.revocations.subjects[input.subject.id]

default _session_until := 9223372036854775807

_session_until := facts.effective(revocation, _issued) if revocation := data.revocations.sessions[input.context.session]

default _token_until := 9223372036854775807

_token_until := facts.effective(revocation, _issued) if revocation := data.revocations.tokens[facts.proof.id]

default _credential_until := 9223372036854775807

_credential_until := min([facts.effective(revocation, _bound_since) |
	some thumbprint in facts.proof.thumbprints
	revocation := data.revocations.credentials[thumbprint]
])

default _key_until := 9223372036854775807

_key_until := facts.effective(revocation, null) if {
	revocation := data.revocations.keys[concat("#", [facts.proof.issuer, facts.proof.key])]
}

default _mandate_until := 9223372036854775807

_mandate_until := min([facts.effective(revocation, null) |
	some id in _mandates
	revocation := data.revocations.mandates[id]
])

default _principal_until := 9223372036854775807

_principal_until := min([facts.effective(revocation, null) |
	some id in _principals
	revocation := data.revocations.subjects[id]
])

_principals contains facts.represented

_principals contains ancestor.agent if some ancestor in facts.mandate.ancestors

# The agent's own mandate, listed by the PAM or not, and every one that it says it was derived from.
_mandates contains input.context.mandate if facts.agent

_mandates contains ancestor.id if some ancestor in facts.mandate.ancestors

# When the credential shown was issued, in nanoseconds; null where nobody knows.
default _issued := null

_issued := facts.proof.issued_at

# A certificate says when it began. When a token's key or certificate was made, nobody knows.
default _bound_since := null

_bound_since := facts.proof.issued_at if facts.proof.kind == "x509-svid"
