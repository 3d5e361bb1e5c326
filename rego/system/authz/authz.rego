# METADATA
# title: Who may use OPA's own API
# description: >-
#   OPA asks this before it answers any request. A caller shows a bearer token or, where OPA asks for them, a
#   certificate of its workload: `trust.callers` holds the SHA-256 of each token, so that the document has nothing
#   to steal, and `trust.workloads` the SPIFFE IDs. An enforcement point may ask for decisions in its own name, an
#   operator may read status and metrics, and nobody may do anything else.
# schemas:
#   - data.trust: schema.trust
#   - data.catalog: schema.catalog
package system.authz

import data.authz.credentials.certificate
import future.keywords.not

# METADATA
# title: The permission
# description: Whether this call may go on.
# scope: document
default allow := false

# Health tells nothing but that, and load balancers hold no token.
allow if {
	input.method == "GET"
	input.path in {["health"], ["health", "live"], ["health", "ready"]}
}

allow if {
	input.method == "POST"
	input.path in {["v1", "data", "authz", "evaluation"], ["v0", "data", "authz", "evaluation"]}
	_caller.pep
	_in_own_name
	object.keys(input.params) - {"pretty", "metrics", "provenance"} == set() # `explain` would show what the documents say
}

allow if {
	input.method == "GET"
	_caller.operator == true
	input.path in {["v1", "status"], ["metrics"]}
}

# Where OPA asks for certificates, `identity` is the name in one, and never taken for a token.
_caller := data.trust.callers[crypto.sha256(input.identity)] if {
	not input.client_certificates
	is_string(input.identity)
	input.identity != ""
}

_caller := data.trust.workloads[_workload] if {
	input.client_certificates
	not _contradicted
}

# OPA's TLS server has verified the chain, when the connection began: the certificate may have ended since.
_workload := certificate.workload(leaf) if {
	leaf := input.client_certificates[0]
	certificate.sound(leaf)
	time.now_ns() < certificate.ends(leaf)
}

# Whoever shows a token beside a certificate is one caller by both, or nobody.
_contradicted if {
	some shown in input.headers.Authorization
	not _confirmed(shown)
}

_confirmed(shown) if {
	startswith(shown, "Bearer ")
	data.trust.callers[crypto.sha256(substring(shown, 7, -1))] == data.trust.workloads[_workload]
}

_in_own_name if _request.context.pep == _caller.pep

# An application that cannot pass context asks through the enforcement point of its profile, and through no other;
# whatever else comes through that one without a name, the decision denies, and says why.
_in_own_name if {
	not _named
	some profile in data.catalog.profiles
	profile.pep == _caller.pep
	not _of_another
}

_named if _ = _request.context.pep

_of_another if {
	action := data.catalog.actions[_request.resource.type][_request.action.name]
	profile := data.catalog.profiles[data.catalog.applications[action.application].profile]
	profile.pep != _caller.pep
}

_request := input.body.input if input.path[0] == "v1"

_request := input.body if input.path[0] == "v0"
