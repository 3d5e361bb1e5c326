"""Laws: what holds of every decision, or of every two that differ by one change, whatever is asked and whoever asks.

``law`` reads them from YAML, ``rego`` puts those that are conditions into OPA beside the policy, ``changes`` says what
a change edits, ``trials`` and ``variation`` make what is tried, ``check`` tries it on a ``bench``, ``found`` makes a
counterexample small, ``report`` writes it down.
"""
