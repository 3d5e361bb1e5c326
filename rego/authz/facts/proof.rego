package authz.facts

# The facts of the proof rest on those of the request, by way of the credential; no rule rests on itself.
# regal ignore:circular-import
import data.authz.credentials.binding
import data.authz.credentials.holder
import data.authz.credentials.signature
import data.authz.credentials.svid
import data.authz.credentials.token
import future.keywords.not

# METADATA
# description: >-
#   The kind of proof that the request brings; `pep`, the word of the enforcement point, where it brings no
#   credential. Undefined where the credential does not say its kind.
proof_kind := "pep" if {
	not _credential_given
} else := input.context.credential.kind if {
	is_string(input.context.credential.kind)
}

# METADATA
# description: >-
#   The proof of who the subject is, there exactly where the proof gate passes: `{kind, bound, thumbprints}` and,
#   where it has them, `issuer`, `subject` (its name), `key` (key id), `id` (jti or txn), `issued_at` and `until`
#   in nanoseconds, `actor` (its name) and `principal` (the identity that it acts for).
proof := {"kind": "pep", "bound": "none", "thumbprints": []} if {
	# First what nearly every request is: its enforcement point vouches for the subject and signs nothing.
	proof_kind == "pep"
	not signature.given
	subject_asserted
	_action_accepts
	_tier.proofs.pep == true
	_tier.bound == false
	_tier.signed == false
} else := token.plain if {
	# Then what most of the others are: a token that names no key and no actor, where none of that is asked for.
	token.uses[proof_kind]
	_tier.proofs[proof_kind] == true
	_tier.bound == false
	_tier.signed == false
	_action_accepts
	not signature.given
	data.iga.proofs[token.plain.subject] == input.subject.id
	holder.actor_named
} else := {"kind": "pep", "bound": "signature", "thumbprints": [], "until": signature.until} if {
	proof_kind == "pep"
	subject_asserted
	proof_accepted
} else := object.union(credential, {"until": until}) if {
	proof_accepted
	proof_bound
	proof_signed
	holder.identity == input.subject.id
	holder.principal_known
	holder.actor_named
	token_transaction
	until := min([credential.until, _signature_until])
	now < until
}

# METADATA
# description: The tier of the action, and the action itself where it says so, accept this kind of proof.
# scope: document
proof_accepted if {
	_tier.proofs[proof_kind] == true
	_action_accepts
}

# METADATA
# description: The enforcement point may say who the subject is without a credential.
# scope: document
subject_asserted if data.trust.peps[pep].asserts.subject == true

# METADATA
# description: >-
#   What the credential proves by itself, whoever it names, as `proof`; undefined where it does not hold.
credential := object.union(_token, _token_options) if {
	token.complete
	token.begun
	token.brief
	token.addressed
	_token.bound
	now < _token.until
} else := {
	"kind": "x509-svid",
	"issuer": svid.presented.domain,
	"subject": svid.presented.id,
	"issued_at": svid.presented.not_before,
	"until": until,
	"bound": "mtls",
	"thumbprints": [svid.presented.thumbprint],
} if {
	proof_kind == "x509-svid"
	binding.connection_asserted
	svid.brief
	svid.genuine
	until := min([svid.until, keys_until(svid.presented.domain)])
	now < until
}

# METADATA
# description: The proof is bound to a key that its holder has shown, or the tier does not ask for that.
# scope: document
proof_bound if _tier.bound == false

proof_bound if credential.bound in {"dpop", "mtls", "wpt"}

proof_bound if {
	proof_kind == "pep"
	signature.until
}

# METADATA
# description: The enforcement point has signed the request, or the tier does not ask for that.
# scope: document
proof_signed if signature.until

proof_signed if {
	not signature.given
	_tier.signed == false
}

# METADATA
# description: A transaction token is for this transaction; any other proof is for none in particular.
# scope: document
token_transaction if proof_kind != "txn-token"

token_transaction if token.transaction_equal

# METADATA
# description: >-
#   Until when the keys of an issuer or trust domain may be relied on, in nanoseconds: the end of the listing of the
#   system that they come from; `never` for keys that are kept by hand. Undefined if that system's clock is wrong.
keys_until(issuer) := snapshot.expires_at if {
	snapshot := data.trust.snapshots[data.trust.sources[issuer]]
	is_number(snapshot.expires_at)
	is_number(snapshot.observed_at)
	snapshot.observed_at <= latest
} else := never if {
	not data.trust.sources[issuer]
}

_token := {
	"kind": proof_kind,
	"issuer": token.issuer,
	"subject": token.name,
	"key": token.presented.header.kid,
	"until": min(ends),
	"bound": binding.kind,
	"thumbprints": [thumbprint | some thumbprint in binding.thumbprints],
} if {
	ends := binding.ends | {token.until, keys_until(token.issuer)}
}

_token_options["id"] := token.id

_token_options["issued_at"] := token.issued_at

_token_options["actor"] := token.actor if token.acted

_token_options["principal"] := holder.principal

# One look for three answers; what is read of a document is converted only as far as it is looked into.
_tier := data.config.tiers[action.tier]

_action_accepts if not action.proofs

_action_accepts if action.proofs[proof_kind] == true

_credential_given if type_name(input.context.credential) != ""

default _signature_until := 9223372036854775807

_signature_until := signature.until
