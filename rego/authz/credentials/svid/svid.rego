# METADATA
# title: X.509-SVIDs
# description: The workload's certificate of the connection, verified against the roots of its trust domain.
package authz.credentials.svid

import data.authz.credentials.certificate
import data.authz.facts
import future.keywords.not

# METADATA
# description: What the certificate says, unverified, as `certificate.read` gives it.
presented := certificate.read(input.context.credential.certificate)

# METADATA
# description: What trust asks of the certificates of this trust domain.
asked := data.trust.domains[presented.domain]

# METADATA
# description: The roots of the trust domain, PEM.
roots := data.trust.roots[presented.domain]

# METADATA
# description: The chain holds now, under these roots, and the certificate is one for a workload.
# scope: document
genuine if {
	presented.sound
	certificate.leads_to(input.context.credential.certificate, roots, facts.now)
}

# METADATA
# description: Until when the chain holds under these roots, which is the first end of a certificate on the way to one.
until := certificate.lasts(input.context.credential.certificate, roots, facts.now)

# METADATA
# description: The chain held when the certificate began, so that what is wrong with it now is its time.
# scope: document
once_genuine if {
	presented.sound
	certificate.leads_to(input.context.credential.certificate, roots, presented.not_before)
}

# METADATA
# description: Lives no longer than trust lets certificates of this trust domain live.
# scope: document
brief if presented.not_after - presented.not_before <= asked.max_ttl
