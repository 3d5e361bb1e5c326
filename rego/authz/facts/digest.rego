package authz.facts

import future.keywords.not

# METADATA
# description: The parameters of the transaction; none where the request has none, undefined where they are no object.
parameters := input.action.properties if {
	is_object(input.action.properties)
} else := {} if {
	not _parameters_given
}

# METADATA
# description: >-
#   The digest of the parameters, as an approval names it: `sha-256:` and the unpadded base64url
#   SHA-256 (RFC 4648, section 5) of them as compact JSON with sorted keys.
digest := concat("", [
	"sha-256:",
	base64url.encode_no_pad(hex.decode(crypto.sha256(json.marshal(parameters)))),
])

# Whatever it is: `null` and `false` too are there, and no object.
_parameters_given if _ = input.action.properties
