# METADATA
# title: Health
# description: >-
#   `GET /health/ready` fails when some document is missing or has expired, so that a load balancer
#   takes an OPA out that could only deny. OPA's own `/health?bundles` stays green for ever after the
#   first activation.
# schemas:
#   - data.catalog: schema.catalog
#   - data.iga: schema.iga
#   - data.pam: schema.pam
#   - data.trust: schema.trust
#   - data.revocations: schema.revocations
package system.health

import future.keywords.not

# METADATA
# title: Liveness
# description: The server runs.
live := true

# METADATA
# title: Readiness
# description: Every document is loaded and inside its window.
# scope: document
default ready := false

ready if {
	ends := [
		data.catalog.bundle.expires_at,
		data.iga.bundle.expires_at,
		data.pam.bundle.expires_at,
		data.trust.bundle.expires_at,
		data.revocations.bundle.expires_at,
	]
	is_number(max(ends)) # text sorts after numbers, so that `min` would pass over it
	time.now_ns() < min(ends)
}
