# METADATA
# title: Certificates
# description: >-
#   X.509-SVIDs (SPIFFE X.509-SVID specification) and the certificate of a connection (RFC 8705). The
#   enforcement point shows what its TLS stack was shown: PEM, leaf first.
package authz.credentials.certificate

import data.authz.credentials.jws
import data.authz.credentials.spiffe
import future.keywords.not

# METADATA
# description: >-
#   The thumbprint (`x5t#S256`, RFC 8705) of the first certificate of a chain in PEM; undefined for what is no PEM.
thumbprint(chain) := _digest(_blocks(chain)[0]) if _presentable(chain)

# METADATA
# description: >-
#   What the first certificate of a chain says, unverified: `{id, domain, not_before, not_after, thumbprint,
#   sound}`, instants in nanoseconds; `sound` if its basic constraints and key usages are those of an X.509-SVID.
#   Undefined where it cannot be read or does not name exactly one workload.
read(chain) := {
	"id": id,
	"domain": spiffe.domain(id),
	"not_before": _instant(leaf.NotBefore),
	"not_after": ends(leaf),
	"thumbprint": digest,
	"sound": sound(leaf),
} if {
	digest := thumbprint(chain)
	block := _blocks(chain)[0]

	# The parser of OPA fails on what is no certificate; the verifier does not. A certificate that is its own
	# root verifies whatever its signature, as long as the instant is in its window, so that this only reads it.
	leaf := _verified([block, block], _began(block))
	_of(leaf) == digest
	id := workload(leaf)
}

# METADATA
# description: The chain leads to one of these roots (PEM) at an instant in nanoseconds.
leads_to(chain, roots, instant) if _paths(chain, roots, instant) != []

# METADATA
# description: >-
#   Until when (ns) a chain that leads to one of these roots (PEM) at an instant goes on doing so: no certificate on
#   the way has ended, the root included. Of several ways the one that lasts longest.
lasts(chain, roots, instant) := max([until |
	some path in _paths(chain, roots, instant)
	until := min([ends(one) | some one in path])
])

# From the leaf to a root, the certificates of each way that verifies.
_paths(chain, roots, instant) := [path |
	blocks := _blocks(chain)
	above := array.slice(blocks, 1, count(blocks))
	some root in _blocks(roots)

	# OPA wants the root first and the leaf last.
	path := _chain(array.flatten([root, above, blocks[0]]), instant)
	_of(path[0]) == _digest(blocks[0])
] if {
	is_string(roots)
}

_presentable(chain) if {
	is_string(chain)
	count(chain) <= 32768
	regex.match(`^(-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----[\r\n]*)+$`, chain)
	every block in _blocks(chain) {
		base64.is_valid(block)
	}
}

# The base64 of each certificate; line ends in it disturb nobody.
_blocks(chain) := [trim_prefix(trim_space(part), "-----BEGIN CERTIFICATE-----") |
	some part in split(chain, "-----END CERTIFICATE-----")
	trim_space(part) != ""
]

_digest(block) := jws.digest(base64.decode(block))

_of(leaf) := jws.digest(base64.decode(leaf.Raw))

_verified(blocks, instant) := _chain(blocks, instant)[0]

_chain(blocks, instant) := certificates if {
	pem := concat("", [text |
		some block in blocks
		text := concat("", ["-----BEGIN CERTIFICATE-----\n", trim_space(block), "\n-----END CERTIFICATE-----\n"])
	])
	[true, certificates] = crypto.x509.parse_and_verify_certificates_with_options(
		pem,
		{"CurrentTime": instant, "KeyUsages": ["KeyUsageAny"]},
	)
}

# The first instant of a certificate as its DER has it: a SEQUENCE of two UTCTimes (RFC 5280, section 4.1.2.5),
# `yymmddhhmmssZ`. Only an instant at which to read the rest; what counts is what the parser then says.
_began(block) := time.parse_ns("060102150405Z07:00", hex.decode(substring(found[0], 8, 26))) if {
	found := regex.find_n(`301e170d(3[0-9]){12}5a170d(3[0-9]){12}5a`, hex.encode(base64.decode(block)), 1)
	regex.match(_a_day, hex.decode(substring(found[0], 8, 26)))
}

# Year, month and day that exist, because the clock's parser fails on others; then the time of day.
_a_day := concat("", [
	`^([0-9]{2}((0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])(29|30)|(0[13578]|1[02])31)`,
	`|([02468][048]|[13579][26])0229)`,
	`([01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]Z$`,
])

# METADATA
# description: >-
#   The SPIFFE ID in a certificate as OPA's parser and its TLS server give one; undefined where there is none, or
#   another URI beside it.
workload(leaf) := id if {
	[name] = leaf.URIs
	id := concat("", [name.Scheme, "://", name.Host, name.Path])
	spiffe.domain(id)

	# The parser has taken the URI apart: case of the scheme, percent-encoding and an empty query or fragment are
	# gone by now. So the extension itself must be this very URI (tag 86) and, beside it, the DNS names (tag 82) that
	# the parser saw: bytes of another kind of name could hold the URI's.
	some extension in leaf.Extensions
	extension.Id == [2, 5, 29, 17]
	own := _element("86", hex.encode(id))
	others := concat("", [_element("82", hex.encode(other)) | some other in leaf.DNSNames])
	some body in [concat("", [others, own]), concat("", [own, others])]
	hex.encode(base64.decode(extension.Value)) == _element("30", body)
}

# One element of DER: tag, length, and the content in hex.
_element(tag, content) := concat("", [tag, _length(count(content) / 2), content])

# The length of a text in DER.
_length(size) := sprintf("%02x", [size]) if {
	size < 128
} else := sprintf("81%02x", [size]) if {
	size < 256
} else := sprintf("82%04x", [size])

# What lies outside of what OPA's clock can count, where its parser fails, is outside of every window.
_instant(text) := time.parse_rfc3339_ns(text) if {
	text > "1970"
	text < "2262"
} else := 9223372036854775807

# METADATA
# description: When a parsed certificate ends, in nanoseconds.
ends(leaf) := _instant(leaf.NotAfter)

# METADATA
# description: Basic constraints and key usages of a parsed certificate are those of an X.509-SVID.
# scope: document
default sound(_) := false

# Bits of KeyUsage in Go: 1 is digitalSignature, 32 keyCertSign, 64 cRLSign.
sound(leaf) if {
	leaf.IsCA == false
	bits.and(leaf.KeyUsage, 1) == 1
	bits.and(leaf.KeyUsage, 96) == 0
}
