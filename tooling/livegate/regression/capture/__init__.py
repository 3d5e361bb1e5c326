"""From a decision log to a suite: what was decided, each kind once, as small as it can be, under other names.

``select`` chooses events, ``shrink`` takes from request and documents what does not matter, ``requests`` and ``rename``
give what is left names that tell nothing (``pseudonyms``), ``write`` makes files of it, ``capture`` joins them, and
``proof`` has the files decided as they would be by ``livegate regress run``.
"""
