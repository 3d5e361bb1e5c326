# METADATA
# title: Who may use OPA's own API
# description: >-
#   OPA asks this before it answers any request. A caller shows a bearer token; `trust.callers` holds
#   the SHA-256 of each, so that the document has nothing to steal. An enforcement point may ask for
#   decisions in its own name, an operator may read status and metrics, and nobody may do anything else.
# schemas:
#   - data.trust: schema.trust
package system.authz

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
	not _other_name
	object.keys(input.params) - {"pretty", "metrics", "provenance"} == set() # `explain` would show what the documents say
}

allow if {
	input.method == "GET"
	_caller.operator == true
	input.path in {["v1", "status"], ["metrics"]}
}

_caller := data.trust.callers[crypto.sha256(input.identity)] if input.identity != ""

# A request that names no enforcement point at all may go on: the decision denies it, and says why.
_other_name if _named != _caller.pep

_named := input.body.input.context.pep if {
	input.path[0] == "v1"
} else := input.body.context.pep
