"""Policy as something to answer for: which rule serves which requirement, what proves it, and what nobody answers.

Reads METADATA, the specification, ``data/controls`` and the decision cases; decides nothing and changes no decision.
"""
