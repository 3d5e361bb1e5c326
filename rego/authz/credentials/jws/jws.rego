# METADATA
# title: Signed texts
# description: >-
#   Reads and verifies a JWS in compact form (RFC 7515). What comes from a request is looked at here
#   before any built-in sees it that would fail on it: a failing built-in is undefined on one server and
#   an error on another.
package authz.credentials.jws

import future.keywords.not

# METADATA
# description: >-
#   Header and payload of a JWS of at most `limit` characters, both JSON objects: `{header, payload, text}`.
#   Nothing is verified. Undefined where `kid`, if there, and `alg` are no texts, and where `crit` or `enc` is there.
decoded(text, limit) := {"header": header, "payload": payload, "text": text} if {
	is_string(text)
	count(text) <= limit
	regex.match(`^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$`, text)
	[first, second, third] := split(text, ".")
	count(first) % 4 != 1
	count(second) % 4 != 1
	count(third) % 4 != 1

	# Both parts here, and not by a function, because every request with a token pays for this.
	head := base64url.decode(first)
	json.is_valid(head)
	body := base64url.decode(second)
	json.is_valid(body)
	not _uncountable(head, body)
	header := json.unmarshal(head)
	payload := json.unmarshal(body)
	is_object(header)
	is_object(payload)

	# The verifiers fail on headers whose `kid`, `typ` or `cty` is no text, on `enc`, and on `crit` that is no list.
	is_string(header.alg)
	is_string(object.get(header, "kid", ""))
	is_string(object.get(header, "typ", ""))
	is_string(object.get(header, "cty", ""))
	object.filter(header, ["crit", "enc"]) == {}
}

# METADATA
# description: >-
#   `typ` of a header in lower case and without `application/` (RFC 7515, section 4.1.9); `jwt` of one that has none.
typ(header) := trim_prefix(lower(object.get(header, "typ", "jwt")), "application/")

# METADATA
# description: >-
#   The signature of a text that `decoded` has read is by one of the keys of a JWK Set, by this algorithm and no other.
# scope: document
verified("ES256", text, jwks) if io.jwt.verify_es256(text, jwks)

verified("ES384", text, jwks) if io.jwt.verify_es384(text, jwks)

verified("ES512", text, jwks) if io.jwt.verify_es512(text, jwks)

verified("RS256", text, jwks) if io.jwt.verify_rs256(text, jwks)

verified("RS384", text, jwks) if io.jwt.verify_rs384(text, jwks)

verified("RS512", text, jwks) if io.jwt.verify_rs512(text, jwks)

verified("PS256", text, jwks) if io.jwt.verify_ps256(text, jwks)

verified("PS384", text, jwks) if io.jwt.verify_ps384(text, jwks)

verified("PS512", text, jwks) if io.jwt.verify_ps512(text, jwks)

verified("EdDSA", text, jwks) if io.jwt.verify_eddsa(text, jwks)

# METADATA
# description: >-
#   The instant of a NumericDate (RFC 7519) in nanoseconds, to the nearest one. What lies before 1970 is then,
#   and what lies after the last instant that OPA's clock knows is that one; both are outside of every window.
instant(date) := round(date * 1000000000) if {
	is_number(date)
	date > 0
	date < 9223372036
} else := 0 if {
	is_number(date)
	date <= 0
} else := 9223372036854775807 if {
	is_number(date)
}

# METADATA
# description: The SHA-256 of a text as base64url without padding, as `ath`, `wth` and thumbprints are written.
digest(text) := base64url.encode_no_pad(hex.decode(crypto.sha256(text)))

# Looks closer only at what may hold a number that cannot be counted, which nearly nothing does.
_uncountable(head, body) if {
	regex.match(`[0-9][eE][+-]?[0-9]{4}`, concat(" ", [head, body]))
	not _both_countable(head, body)
}

_uncountable(head, body) if {
	count(head) + count(body) > 16000
	not _both_countable(head, body)
}

_both_countable(head, body) if {
	_countable(head)
	_countable(body)
}

# Of a number beyond some 30,000 digits OPA says that it is too big, and fails. What is short enough and has
# no long exponent holds none; of what is not, only what stands outside of texts is looked at.
_countable(text) if {
	count(text) <= 16000
	not _exponent(text)
} else if {
	bare := regex.replace(text, `"(\\.|[^"\\])*"`, "")
	count(bare) <= 16000
	not _exponent(bare)
}

_exponent(text) if regex.match(`[0-9][eE][+-]?[0-9]{4}`, text)
