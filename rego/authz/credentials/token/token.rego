# METADATA
# title: Tokens
# description: >-
#   The token of `context.credential`, verified against `trust`: JWT-SVIDs, access tokens (RFC 9068), tokens of
#   Kubernetes service accounts and GitHub workflows, transaction tokens and WIMSE workload identity tokens.
#   Nothing of the payload but the name of its issuer is looked at before the signature holds.
package authz.credentials.token

import data.authz.credentials.jws
import data.authz.credentials.spiffe
import data.authz.facts
import future.keywords.not

# METADATA
# description: Use of the key that each kind of token is signed with; a kind that is not here is no token.
uses := {
	"jwt-svid": "jwt-svid",
	"wit": "wit-svid",
	"access-token": "sig",
	"kubernetes": "sig",
	"github": "sig",
	"txn-token": "sig",
}

# METADATA
# description: The longest token that is read, in characters.
longest := 16384

# METADATA
# description: Header and payload as they came, unverified.
presented := jws.decoded(input.context.credential.token, longest)

# METADATA
# description: Who issued the token, as it says itself; a trust domain where the kind has no other issuer.
issuer := spiffe.domain(presented.payload.sub) if {
	facts.proof_kind in {"jwt-svid", "wit"}
} else := presented.payload.aud if {
	facts.proof_kind == "txn-token"
	is_string(presented.payload.aud)
} else := presented.payload.iss if {
	facts.proof_kind in {"access-token", "github", "kubernetes"}
	is_string(presented.payload.iss)
}

# METADATA
# description: What trust asks of the tokens of this issuer.
asked := data.trust.issuers[facts.proof_kind][issuer]

# METADATA
# description: The one key that the token may be signed with, by issuer, use and key id.
key := data.trust.keys[issuer][uses[facts.proof_kind]][presented.header.kid]

# METADATA
# description: >-
#   The claims, once type, algorithm and signature of the token are those that trust asks for. Nothing is
#   said yet of time, audience, or who holds it.
claims := presented.payload if {
	header := presented.header
	asked.typs[jws.typ(header)] == true
	asked.algs[header.alg] == true
	key.alg == header.alg
	jws.verified(header.alg, presented.text, key.jwks)
}

# METADATA
# description: >-
#   What a token proves that names neither key nor actor, all that is asked of it in one rule: most tokens are so, and
#   looked at by the rules below would cost twice as much. Undefined for any other, for one that does not hold, and
#   for the odd ones that those rules may still let pass.
plain := {
	"kind": "access-token",
	"issuer": issuer,
	"subject": concat("#", [issuer, claims.sub]),
	"key": presented.header.kid,
	"id": claims.jti,
	"issued_at": issued,
	"until": until,
	"bound": "none",
	"thumbprints": [],
} if {
	facts.proof_kind == "access-token"
	is_string(claims.sub)
	is_string(claims.client_id)
	is_string(claims.jti)
	not "" in [claims.sub, claims.client_id, claims.jti]
	[issued, until] := _plain_window
} else := object.union(
	{
		"kind": "jwt-svid",
		"issuer": issuer,
		"subject": claims.sub,
		"key": presented.header.kid,
		"issued_at": issued,
		"until": until,
		"bound": "none",
		"thumbprints": [],
	},
	_plain_id,
) if {
	facts.proof_kind == "jwt-svid"
	[issued, until] := _plain_window
}

# Of a token without key and actor, when it was issued, and until when it and its key may be relied on.
_plain_window := [issued, until] if {
	object.filter(claims, ["act", "cnf"]) == {}
	is_number(claims.iat)
	is_number(claims.exp)
	claims.iat > 0
	claims.iat < claims.exp # before anything is multiplied
	claims.exp < 9223372036
	issued := round(claims.iat * 1000000000)
	expires := round(claims.exp * 1000000000)
	expires > issued
	expires - issued <= asked.max_ttl
	latest := facts.now + asked.leeway
	issued <= latest
	begins := object.get(claims, "nbf", 0)
	is_number(begins)
	begins >= 0
	begins < 9223372036
	round(begins * 1000000000) <= latest
	addressed
	until := min([expires + asked.leeway, facts.keys_until(issuer)])
	facts.now < until
}

default _plain_id := {}

_plain_id := {"id": claims.jti} if _text(claims.jti)

# METADATA
# description: When the token was issued, in nanoseconds; undefined for one that does not say.
issued_at := jws.instant(claims.iat)

# METADATA
# description: From when on the token is expired, the issuer's leeway not counted.
expires_at := jws.instant(claims.exp)

# METADATA
# description: From when on the token may no longer be relied on.
until := expires_at + asked.leeway

# METADATA
# description: The claims hold what a token of its kind must, each of the type that it must be.
# scope: document
complete if {
	expires_at
	_dates
	name
}

# METADATA
# description: Neither begins nor was issued later than now, the issuer's leeway aside.
# scope: document
begun if {
	latest := facts.now + asked.leeway
	jws.instant(object.get(claims, "nbf", 0)) <= latest
	jws.instant(object.get(claims, "iat", 0)) <= latest
}

# METADATA
# description: Lives no longer than trust lets tokens of this issuer live.
# scope: document
brief if {
	expires_at > issued_at
	expires_at - issued_at <= asked.max_ttl
} else if {
	not issued_at
	expires_at - facts.now <= asked.max_ttl + asked.leeway
}

# METADATA
# description: It was issued for us, and, where the enforcement point has audiences of its own, for that one.
# scope: document
addressed if {
	facts.proof_kind != "wit"
	asked.audiences[claims.aud] == true
	not data.trust.peps[facts.pep].audiences
} else if {
	facts.proof_kind == "wit"
	not _audience_given
} else if {
	not facts.proof_kind in {"jwt-svid", "txn-token", "wit"}
	some audience in _audiences
	_ours(audience)
} else if {
	facts.proof_kind in {"jwt-svid", "txn-token"}
	[audience] = _audiences
	_ours(audience)
}

# METADATA
# description: The id under which the token, or the transaction that it is for, may be revoked.
id := claims.txn if {
	facts.proof_kind == "txn-token"
	_text(claims.txn)
} else := claims.jti if {
	facts.proof_kind != "txn-token"
	_text(claims.jti)
}

# METADATA
# description: >-
#   The name that the token gives its holder; the identity is what the IGA keeps under it. Of an access token
#   with an `act`, that of the outermost actor (RFC 8693, section 4.1): the deeper ones decide nothing.
name := claims.sub if {
	facts.proof_kind in {"jwt-svid", "wit"}
} else := concat("#", [issuer, actor]) if {
	facts.proof_kind == "access-token"
	_accessing
	acted
} else := concat("#", [issuer, claims.sub]) if {
	facts.proof_kind == "access-token"
	_accessing
	not acted
} else := concat("#", [issuer, claims["kubernetes.io"].serviceaccount.uid]) if {
	facts.proof_kind == "kubernetes"
	_account
} else := concat("#", [issuer, concat(":", [
	claims.repository_owner_id,
	claims.repository_id,
	object.get(claims, "environment", ""),
	claims.job_workflow_ref,
])]) if {
	facts.proof_kind == "github"
	_workflow
} else := concat("#", [issuer, claims.sub]) if {
	facts.proof_kind == "txn-token"
	_text(claims.sub)
	_text(claims.txn)
	_text(claims.req_wl)
	issued_at
}

# METADATA
# description: An actor is named, or something stands where one would be.
# scope: document
acted if type_name(claims.act) != ""

# METADATA
# description: The outermost actor of an access token, as its issuer calls it.
actor := claims.act.sub if {
	_text(claims.act.sub)
	object.get(claims.act, "iss", issuer) == issuer
}

# METADATA
# description: The client that an access token was issued to, under the name by which the IGA would know it.
client := concat("#", [issuer, claims.client_id])

# METADATA
# description: The name of whom an access token with an actor was issued for.
principal_name := concat("#", [issuer, claims.sub]) if {
	facts.proof_kind == "access-token"
	acted
}

# METADATA
# description: >-
#   The transaction that a transaction token is for, where it says so, is the one that is asked for.
# scope: document
transaction_equal if {
	not _transaction_given
} else if {
	is_object(claims.tctx)
	object.remove(claims.tctx, ["action", "resource"]) == _parameters
	object.get(claims.tctx, "action", input.action.name) == input.action.name
	object.get(claims.tctx, "resource", facts.own_scope) == facts.own_scope
}

# A date that is there is a number; one that is not, is no number but no harm.
_dates if {
	is_number(object.get(claims, "nbf", 0))
	is_number(object.get(claims, "iat", 0))
}

_accessing if {
	_text(claims.sub)
	_text(claims.client_id)
	_text(claims.jti)
	issued_at
}

_account if {
	account := claims["kubernetes.io"].serviceaccount
	_text(account.uid)
	_text(account.name)
	_text(claims["kubernetes.io"].namespace)
	claims.sub == concat(":", ["system:serviceaccount", claims["kubernetes.io"].namespace, account.name])
}

_workflow if {
	_part(claims.repository_owner_id)
	_part(claims.repository_id)
	_text(claims.job_workflow_ref)
	environment := object.get(claims, "environment", "")
	is_string(environment)
	not contains(environment, ":")
}

# The parts of a name that others follow must not hold what separates them.
_part(value) if {
	_text(value)
	not contains(value, ":")
}

_text(value) if {
	is_string(value)
	value != ""
}

_audiences := [claims.aud] if {
	is_string(claims.aud)
} else := claims.aud if {
	is_array(claims.aud)
}

default _parameters := {}

_parameters := input.action.properties

_audience_given if type_name(claims.aud) != ""

_ours(audience) if {
	asked.audiences[audience] == true
	_theirs(audience)
}

_theirs(_) if not data.trust.peps[facts.pep].audiences

_theirs(audience) if data.trust.peps[facts.pep].audiences[audience] == true

_transaction_given if type_name(claims.tctx) != ""
