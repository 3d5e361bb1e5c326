"""livegate: decides, at each request, whether a caller may do this now.

The packages are the flow: ``sources`` → ``model`` → ``documents`` → ``bundle`` → ``opa`` →
``regression``; ``cli`` puts them together. Nothing here decides: decisions are Rego.
"""

__version__ = "0.1.0"
