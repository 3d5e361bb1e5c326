# METADATA
# title: The signature of the enforcement point
# description: A JWS over the request without itself, by which an enforcement point stands for what it says.
package authz.credentials.signature

import data.authz.credentials.jws
import data.authz.facts
import future.keywords.not

# METADATA
# description: The request has a signature, or something where one would be.
# scope: document
given if type_name(input.context.signature) != ""

# METADATA
# description: >-
#   Until when the signature holds, in nanoseconds; undefined if it does not. It holds for one request, by one of
#   the keys that trust lists of this enforcement point, and for a minute at most.
until := expires if {
	signed := jws.decoded(input.context.signature, _longest)
	signed.header.typ == "pep+jwt"
	key := data.trust.peps[facts.pep].keys[signed.header.kid]
	key.alg == signed.header.alg
	jws.verified(key.alg, signed.text, key.jwks)
	signed.payload.iss == facts.pep
	expires := jws.instant(signed.payload.exp)
	facts.now < expires
	issued := jws.instant(signed.payload.iat)
	issued <= facts.latest
	expires - issued <= 60000000000
	signed.payload.request == _unsigned
}

# It holds the whole request, a token and a chain of certificates included, a third longer.
_longest := 131072

_unsigned := object.union(
	object.remove(input, ["context"]),
	{"context": object.remove(input.context, ["signature"])},
)
