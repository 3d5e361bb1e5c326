# METADATA
# title: SPIFFE IDs
# description: The names of workloads (SPIFFE ID specification), by a grammar that has one spelling for each.
package authz.credentials.spiffe

import future.keywords.not

# METADATA
# description: >-
#   The trust domain of a SPIFFE ID with a path; undefined for anything else. No user, port, query, fragment,
#   percent-encoding or upper case in the trust domain, no empty segment and none that is `.` or `..`.
domain(id) := split(id, "/")[2] if {
	is_string(id)
	count(id) <= 2048
	regex.match(`^spiffe://[a-z0-9._-]+(/[A-Za-z0-9._-]+)+$`, id)
	not _relative(id)
}

_relative(id) if regex.match(`/\.{1,2}(/|$)`, id)
