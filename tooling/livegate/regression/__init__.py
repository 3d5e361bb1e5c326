"""Decision regression: hand-judged cases, decided by what ships, with the clock frozen a case.

``suite`` reads cases, ``population`` puts the signed bundles of an organisation into a real OPA, ``ask`` has it decide
all cases of a suite in one query, ``compare`` says what differs, ``report`` writes it down, ``run`` joins them.
"""
