"""Documents: what OPA looks up. Pure: records and hand-kept values in, documents out.

The shape of each root is in ``schemas/<root>.json`` (draft-07), which ``opa check --schema`` uses too.
"""

ROOTS = ("catalog", "config", "iga", "pam", "trust", "revocations")
"""The roots of the document tree; a folder of ``data/`` each."""
