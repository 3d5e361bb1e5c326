package authz.credentials.jws_test

import data.authz.credentials.jws
import future.keywords.not

_head := base64url.encode_no_pad(`{"alg":"ES256","kid":"k"}`)

_text(payload) := concat(".", [_head, base64url.encode_no_pad(payload), "c2ln"])

_many(text, times) := concat("", [text | some _ in numbers.range(1, times)])

# Longer than what is taken as it is: then only what stands outside of texts is counted.
test_long_text if {
	long := _many("abcd", 4200)
	decoded := jws.decoded(_text(json.marshal({"long": long})), 131072)
	decoded.payload == {"long": long}
	decoded.header == {"alg": "ES256", "kid": "k"}
}

test_text_like_an_exponent if {
	decoded := jws.decoded(_text(`{"sub":"1e99999"}`), 131072)
	decoded.payload == {"sub": "1e99999"}
}

test_long_numbers if not jws.decoded(_text(concat("", [`{"n":`, _many("1", 16100), `}`])), 131072)

test_long_exponent if not jws.decoded(_text(`{"n":1e99999}`), 131072)

test_at_the_limit if {
	text := _text(`{"sub":"x"}`)
	jws.decoded(text, count(text))
	not jws.decoded(text, count(text) - 1)
}
