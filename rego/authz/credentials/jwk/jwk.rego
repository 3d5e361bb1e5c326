# METADATA
# title: Public keys
# description: >-
#   Keys that a proof brings with it (JWK, RFC 7517) and their thumbprints (RFC 7638).
package authz.credentials.jwk

import data.authz.credentials.jws
import future.keywords.not

# METADATA
# description: >-
#   A public key as the JSON text of which RFC 7638 takes the thumbprint: the members that make the key, sorted,
#   and no others. It is all that is verified with, so that `kid`, `use` or `alg` of the sender count for nothing.
#   Undefined for what is no EC, RSA or Ed25519 key, and for what holds a member of a private key.
canonical(jwk) := json.marshal({name: jwk[name] | some name in _members[_type(jwk)]}) if {
	is_object(jwk)
	not _private(jwk)
}

# METADATA
# description: The thumbprint of a key that `canonical` wrote.
thumbprint(key) := jws.digest(key)

_members := {
	"P-256": ["crv", "kty", "x", "y"],
	"P-384": ["crv", "kty", "x", "y"],
	"P-521": ["crv", "kty", "x", "y"],
	"Ed25519": ["crv", "kty", "x"],
	"RSA": ["e", "kty", "n"],
}

# Sizes are those of the curve, without which the verifiers fail: 32, 48, 66 bytes; of RSA, 2,048, 3,072 or
# 4,096 bits.
_type(jwk) := jwk.crv if {
	jwk.kty == "EC"
	size := {"P-256": 43, "P-384": 64, "P-521": 88}[jwk.crv]
	_coordinate(jwk.x, size)
	_coordinate(jwk.y, size)
} else := "Ed25519" if {
	jwk.kty == "OKP"
	jwk.crv == "Ed25519"
	_coordinate(jwk.x, 43)
} else := "RSA" if {
	jwk.kty == "RSA"
	jwk.e == "AQAB"
	some size in [342, 512, 683]
	_coordinate(jwk.n, size)
}

_coordinate(value, size) if {
	is_string(value)
	count(value) == size
	regex.match(`^[A-Za-z0-9_-]+$`, value)
}

_private(jwk) if {
	some name in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]
	type_name(jwk[name]) != ""
}
