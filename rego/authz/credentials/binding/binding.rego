# METADATA
# title: Bindings
# description: >-
#   Whoever shows a token that is bound to a key shows that it has the key: by a DPoP proof (RFC 9449), the
#   certificate of the connection (RFC 8705), or a workload proof token (WIMSE). All three rest on what the
#   enforcement point says of the connection.
package authz.credentials.binding

import data.authz.credentials.certificate
import data.authz.credentials.jwk
import data.authz.credentials.jws
import data.authz.credentials.token
import data.authz.facts
import future.keywords.not

# METADATA
# description: The token names a key, or would have to.
# scope: document
required if type_name(token.claims.cnf) != ""

required if facts.proof_kind == "wit"

# METADATA
# description: The enforcement point may say what the connection is.
# scope: document
connection_asserted if data.trust.peps[facts.pep].asserts.connection == true

# METADATA
# description: >-
#   What the token is bound by, once all that it names has been shown: `none`, `dpop`, `mtls` or `wpt`.
#   Undefined where something is missing, does not hold, or is a member of `cnf` that nobody here understands.
kind := "none" if {
	not required
} else := "wpt" if {
	_held
	facts.proof_kind == "wit"
	token.claims.cnf.jwk
} else := "dpop" if {
	_held
	facts.proof_kind != "wit"
	token.claims.cnf.jkt
} else := "mtls" if {
	_held
	facts.proof_kind != "wit"
	token.claims.cnf["x5t#S256"]
}

# METADATA
# description: The request lacks what the token is bound to.
# scope: document
missing if {
	some member, shown in _shown
	type_name(token.claims.cnf[member]) != ""
	not type_name(input.context.credential[shown]) != ""
}

# METADATA
# description: The ends of the proofs of possession, in nanoseconds.
# scope: document
ends contains _dpop_until

ends contains _wpt_until

# METADATA
# description: Something of the binding is used up by this request.
# scope: document
once if _dpop_until

once if _wpt_until

# METADATA
# description: Thumbprints of the keys and certificates that the token names.
# scope: document
thumbprints contains token.claims.cnf.jkt if is_string(token.claims.cnf.jkt)

thumbprints contains token.claims.cnf["x5t#S256"] if is_string(token.claims.cnf["x5t#S256"])

thumbprints contains jwk.thumbprint(_workload_key) if facts.proof_kind == "wit"

_shown := {"jkt": "dpop", "x5t#S256": "certificate", "jwk": "wpt"}

_held if {
	connection_asserted
	is_object(token.claims.cnf)
	every member in object.keys(token.claims.cnf) {
		_shows(member)
	}
}

_shows("jkt") if facts.now < _dpop_until

_shows("x5t#S256") if certificate.thumbprint(input.context.credential.certificate) == token.claims.cnf["x5t#S256"]

_shows("jwk") if facts.now < _wpt_until

# The thumbprint comes first: a key that the issuer did not name is not even tried.
_dpop_until := made + 60000000000 if {
	is_string(token.claims.cnf.jkt)
	proof := jws.decoded(input.context.credential.dpop, token.longest)
	proof.header.typ == "dpop+jwt"
	proof.header.alg in {"ES256", "ES384", "EdDSA", "PS256", "RS256"}
	key := jwk.canonical(proof.header.jwk)
	jwk.thumbprint(key) == token.claims.cnf.jkt
	jws.verified(proof.header.alg, proof.text, key)
	_called(proof.payload)
	proof.payload.ath == jws.digest(token.presented.text)
	_text(proof.payload.jti)
	made := jws.instant(proof.payload.iat)
	made <= facts.now + 60000000000
}

_called(proof) if {
	_text(proof.htm)
	_text(proof.htu)
	proof.htm == input.context.credential.method
	is_string(input.context.credential.url)
	proof.htu == split(split(input.context.credential.url, "#")[0], "?")[0]
}

_workload_key := jwk.canonical(token.claims.cnf.jwk)

_wpt_until := expires if {
	facts.proof_kind == "wit"
	proof := jws.decoded(input.context.credential.wpt, token.longest)
	proof.header.typ == "wpt+jwt"
	proof.header.alg == token.claims.cnf.jwk.alg
	jws.verified(proof.header.alg, proof.text, _workload_key)
	proof.payload.aud == input.context.credential.url
	_aimed(proof.payload.aud)
	proof.payload.wth == jws.digest(token.presented.text)
	_text(proof.payload.jti)
	expires := jws.instant(proof.payload.exp)
	expires <= facts.now + 300000000000
}

_aimed(url) if {
	is_string(url)
	some audience in object.keys(token.asked.audiences)
	_below(url, audience)
}

_below(url, audience) if url == audience

_below(url, audience) if startswith(url, concat("", [audience, "/"]))

_text(value) if {
	is_string(value)
	value != ""
}
