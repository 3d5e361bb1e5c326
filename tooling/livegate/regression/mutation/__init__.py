"""Mutation testing: small wrong changes of policy and data, and which of them no case notices.

``tree`` reads modules, ``operators`` says what can be changed at a place, ``mutants`` are the changes, ``plan`` chooses
among them, ``blend`` puts many into one module, ``bench`` is an OPA that takes them, ``cases`` are what it is asked,
``order`` puts the likeliest killers first, ``run`` joins them, ``data`` changes documents, ``suggest`` looks for the
missing case, ``equivalent`` knows the listed ones, ``report`` writes it down.
"""
