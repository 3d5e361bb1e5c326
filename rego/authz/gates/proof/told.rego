package authz.gates.proof

import data.authz.credentials.binding
import data.authz.credentials.signature
import data.authz.facts
import future.keywords.not

# What the verdict tells of a proof: neither tokens, nor thumbprints, but what an audit asks for.
_told := ["kind", "issuer", "key", "id", "subject", "bound", "actor", "principal"]

_instants["issued_at"] := time.format(facts.proof.issued_at)

_instants["expires_at"] := time.format(facts.proof.until)

default _storable := true

_storable := false if binding.once

_parts := [part | some part in ["context.credential", "context.signature", "action.properties"]; _relied_on[part]]

_relied_on["context.credential"] if facts.proof_kind != "pep"

_relied_on["context.signature"] if signature.given

_relied_on["action.properties"] if facts.proof_kind == "txn-token"
