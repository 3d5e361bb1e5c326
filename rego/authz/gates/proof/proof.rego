# METADATA
# title: Proof gate
# description: >-
#   Whoever asks has proven to be the subject: by a token or certificate that was verified here, or by the word
#   of an enforcement point that trust believes in this. Which of them an action accepts is in the tier and the
#   catalogue. What the rules say is in `rego/README.md`, how it is verified under `authz.credentials`.
package authz.gates.proof

import data.authz.credentials.binding
import data.authz.credentials.holder
import data.authz.credentials.signature
import data.authz.credentials.svid
import data.authz.credentials.token
import data.authz.facts
import future.keywords.not

# METADATA
# description: >-
#   Passes with the proof that the other gates go by; the evidence names it, and holds no token, proof or
#   certificate.
# scope: document
default verdict := {"pass": false}

verdict := {"pass": true, "evidence": {"kind": "pep", "bound": "none"}} if {
	facts.proof.kind == "pep"
	facts.proof.bound == "none"
} else := {
	"pass": true,
	"until": proof.until,
	"evidence": object.union(
		object.filter(proof, _told),
		{"issued_at": time.format(proof.issued_at), "expires_at": time.format(proof.until)},
	),
	"store": true,
	"depends_on": ["context.credential"],
} if {
	# Then a credential that is not used up by being shown, and rests on nothing else of the request.
	proof := facts.proof
	proof.issued_at
	proof.bound in {"mtls", "none"}
	proof.kind != "txn-token"
	not signature.given
} else := {
	"pass": true,
	"until": facts.proof.until,
	"evidence": object.union(object.filter(facts.proof, _told), _instants),
	"store": _storable,
	"depends_on": _parts,
} if {
	facts.proof
}

# METADATA
# title: Trust, configuration or identities are not loaded
# description: A document is missing without which no proof can be verified, or none be led back to an identity.
# custom:
#   id: proof.unavailable
#   remediation: Publish the policy, trust and iga bundles and see that OPA loads them.
#   controls: [C3]
reasons contains {"id": "proof.unavailable", "next_action": "retry"} if not _available

# METADATA
# title: The proof cannot be read
# description: >-
#   The credential has no kind, is no text of the size and form that its kind asks for, or lacks a claim that it must
#   have.
# custom:
#   id: proof.malformed
#   remediation: Send the credential as it was shown, with its kind.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.malformed", "next_action": "none"} if _malformed

# METADATA
# title: This kind of proof is not accepted here
# description: The tier of the action, or the action itself, asks for another kind of proof.
# custom:
#   id: proof.kind_not_accepted
#   remediation: Authenticate by one of the kinds that the reason names.
#   controls: [NHI-03, A-04, C3]
reasons contains {
	"id": "proof.kind_not_accepted",
	"next_action": "retry",
	"needs": {"proofs": [kind | some kind, _ in data.config.tiers[facts.action.tier].proofs; _taken(kind)]},
} if {
	_available
	facts.proof_kind
	not facts.proof_accepted
}

# METADATA
# title: The enforcement point may not assert this
# description: >-
#   Trust does not believe this enforcement point who the subject is, or what the connection is that a bound proof
#   came by.
# custom:
#   id: proof.assertion_not_permitted
#   remediation: Let trust allow the PEP to assert it, or send a proof that stands by itself.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.assertion_not_permitted", "next_action": "none"} if _presumed

# METADATA
# title: The issuer is not trusted
# description: Trust names no such issuer or trust domain for this kind of proof.
# custom:
#   id: proof.issuer_unknown
#   remediation: Register the issuer under trust.issuers or trust.domains, or use a proof of one that is.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.issuer_unknown", "next_action": "none"} if _unknown_issuer

# METADATA
# title: The key is not known
# description: Trust holds no key of this issuer, for this use, with the key id that the proof names.
# custom:
#   id: proof.key_unknown
#   remediation: Sync the issuer's keys; a withdrawn key stays withdrawn, and the proof has to be issued again.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.key_unknown", "next_action": "retry"} if _unknown_key

# METADATA
# title: The keys are too old
# description: The listing that the issuer's keys come from has ended, or its clock is wrong.
# custom:
#   id: proof.keys_stale
#   remediation: See why the sync of this issuer's keys fails.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.keys_stale", "next_action": "retry"} if _stale

# METADATA
# title: The proof does not verify
# description: Type, algorithm or signature is not what trust asks for, or the certificate does not lead to the roots.
# custom:
#   id: proof.invalid
#   remediation: None for the caller, who is not who it says, or has to authenticate again.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "proof.invalid", "next_action": "none"} if _invalid

# METADATA
# title: The proof has ended
# description: Its end lies in the past, the issuer's leeway counted.
# custom:
#   id: proof.expired
#   remediation: Have a new one issued.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.expired", "next_action": "retry"} if _expired

# METADATA
# title: The proof has not begun
# description: It begins, or was issued, later than now, the issuer's leeway counted.
# custom:
#   id: proof.not_yet_valid
#   remediation: Set the clocks right, or wait.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.not_yet_valid", "next_action": "retry"} if _early

# METADATA
# title: The proof lives too long
# description: From issue to end it lasts longer than trust lets proofs of this issuer last.
# custom:
#   id: proof.lifetime
#   remediation: Have one issued that lasts shorter.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.lifetime", "next_action": "retry"} if _long

# METADATA
# title: The token is for someone else
# description: No audience of the token is one of ours and of this enforcement point, or it has one where it must not.
# custom:
#   id: proof.audience
#   remediation: Have a token issued for this audience. A token for another is not to be passed on.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "proof.audience", "next_action": "retry"} if _misaddressed

# METADATA
# title: The proof of possession is missing
# description: The token is bound to a key, and the request does not show that its holder has it.
# custom:
#   id: proof.binding_missing
#   remediation: Send the DPoP proof, certificate or workload proof token that came with the token.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.binding_missing", "next_action": "retry"} if _binding_missing

# METADATA
# title: The proof of possession does not hold
# description: >-
#   It is by another key, for another request or token, or too old; or the token names a binding that is not
#   understood.
# custom:
#   id: proof.binding_invalid
#   remediation: Make a new proof for this very request, with the key that the token is bound to.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "proof.binding_invalid", "next_action": "retry"} if _binding_invalid

# METADATA
# title: The proof is not bound
# description: The tier asks for a proof whose holder shows a key, or for a signature of the enforcement point.
# custom:
#   id: proof.not_bound
#   remediation: Authenticate by mutual TLS, DPoP or WIMSE; an enforcement point that vouches itself signs the request.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.not_bound", "next_action": "retry"} if _loose

# METADATA
# title: The enforcement point has not signed
# description: The tier asks for requests that are signed.
# custom:
#   id: proof.unsigned
#   remediation: Let the PEP sign its requests, with a key that trust lists.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.unsigned", "next_action": "retry"} if {
	_available
	facts.action
	not signature.given
	not facts.proof_signed
}

# METADATA
# title: The signature of the enforcement point does not hold
# description: It is by another key, over another request, or too old.
# custom:
#   id: proof.signature_invalid
#   remediation: Sign this very request, now, with a key that trust lists for this PEP.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "proof.signature_invalid", "next_action": "none"} if {
	_available
	signature.given
	not signature.until
}

# METADATA
# title: Nobody is known by this name
# description: The IGA keeps no identity under the name that the proof gives, or none of whom its actor acts for.
# custom:
#   id: proof.identity_unknown
#   remediation: Let the IGA hold the name as a proof of the identity.
#   controls: [NHI-03, C3]
reasons contains {"id": "proof.identity_unknown", "next_action": "none"} if {
	_holds
	not _known
}

# METADATA
# title: The proof is someone else's
# description: It names another identity than the subject of the request.
# custom:
#   id: proof.subject_mismatch
#   remediation: Ask for the identity that the proof is of.
#   controls: [NHI-03, A-04, C3]
reasons contains {"id": "proof.subject_mismatch", "next_action": "none"} if {
	_holds
	holder.identity
	not _subject_named
}

# METADATA
# title: The token does not say who acts
# description: Its client is an agent, and the token passes it for someone else.
# custom:
#   id: proof.actor_missing
#   remediation: Exchange the token for one that names the agent as the actor (RFC 8693).
#   controls: [A-04, C3]
reasons contains {"id": "proof.actor_missing", "next_action": "retry"} if {
	_holds
	not holder.actor_named
}

# METADATA
# title: The token is for another transaction
# description: What the transaction token holds of action, resource or parameters is not what is asked for.
# custom:
#   id: proof.transaction_mismatch
#   remediation: Ask for exactly what the token was issued for.
#   controls: [A-04, C3]
reasons contains {"id": "proof.transaction_mismatch", "next_action": "none"} if {
	_holds
	not facts.token_transaction
}

_available if {
	data.trust.bundle.sequence
	data.config.tiers
	_identities
}

_identities if facts.proof_kind == "pep"

_identities if data.iga.bundle.sequence

# A credential is looked at only where its kind will do.
_token_shown if {
	_available
	facts.proof_accepted
	token.uses[facts.proof_kind]
}

_svid_shown if {
	_available
	facts.proof_accepted
	facts.proof_kind == "x509-svid"
}

_taken(_) if not facts.action.proofs

_taken(kind) if facts.action.proofs[kind] == true

_malformed if not facts.proof_kind

_malformed if {
	_token_shown
	not _readable
}

_malformed if {
	_token_shown
	token.claims
	not token.complete
}

_malformed if {
	_svid_shown
	not svid.presented
}

_readable if {
	token.issuer
	is_string(token.presented.header.kid)
}

_presumed if {
	_available
	facts.proof_accepted
	facts.proof_kind == "pep"
	not facts.subject_asserted
}

_presumed if {
	_token_shown
	token.complete
	binding.required
	not binding.connection_asserted
}

_presumed if {
	_svid_shown
	not binding.connection_asserted
}

_unknown_issuer if {
	_token_shown
	_readable
	not token.asked
}

_unknown_issuer if {
	_svid_shown
	svid.presented
	not svid.asked
}

_unknown_key if {
	_token_shown
	_readable
	token.asked
	not token.key
}

_unknown_key if {
	_svid_shown
	svid.asked
	not svid.roots
}

_stale if {
	_token_shown
	token.claims
	not _current(token.issuer)
}

_stale if {
	_svid_shown
	svid.asked
	svid.genuine
	not _current(svid.presented.domain)
}

_current(issuer) if facts.now < facts.keys_until(issuer)

_invalid if {
	_token_shown
	_readable
	token.asked
	token.key
	not token.claims
}

_invalid if {
	_svid_shown
	svid.asked
	svid.roots
	not svid.genuine
	not _untimely
}

_untimely if {
	svid.once_genuine
	not _in_window
}

_in_window if {
	svid.presented.not_before <= facts.now
	facts.now < svid.presented.not_after
}

_expired if {
	_token_shown
	token.complete
	token.until <= facts.now
}

_expired if {
	_svid_shown
	svid.asked
	svid.once_genuine
	svid.presented.not_after <= facts.now
}

_early if {
	_token_shown
	token.complete
	not token.begun
}

_early if {
	_svid_shown
	svid.asked
	svid.once_genuine
	facts.now < svid.presented.not_before
}

_long if {
	_token_shown
	token.complete
	not token.brief
}

_long if {
	_svid_shown
	svid.asked
	svid.once_genuine
	not svid.brief
}

_misaddressed if {
	_token_shown
	token.complete
	not token.addressed
}

_binding_missing if {
	_token_shown
	token.complete
	binding.missing
}

_binding_invalid if {
	_token_shown
	token.complete
	binding.connection_asserted
	not binding.missing
	not binding.kind
}

_loose if {
	_available
	facts.proof_accepted
	_vouched
	not facts.proof_bound
}

_vouched if _holds

_vouched if facts.proof_kind == "pep"

# The credential is sound; what may be wrong is whose it is, and for what.
_holds if {
	_available
	facts.proof_accepted
	facts.credential
}

_subject_named if holder.identity == input.subject.id

_known if {
	holder.identity
	holder.principal_known
}
