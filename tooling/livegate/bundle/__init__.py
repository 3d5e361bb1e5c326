"""Bundles: documents and rules packed, signed, checked and served the way OPA downloads them.

``hashing`` and ``canonical`` are pure; ``archive``, ``keys``, ``signing`` are the parts; ``build`` and
``verify`` put them together; ``shelf``, ``intake``, ``app`` and ``server`` speak OPA's protocols.
"""
