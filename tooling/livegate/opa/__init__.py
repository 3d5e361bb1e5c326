"""OPA as a process: found or installed, configured, started, asked, stopped. It decides; this only drives it.

``engine`` gives the binary (``tools`` says which, ``target`` for what, ``release``, ``gobuild`` and ``container`` are
the ways to get one), ``config`` writes OPA's configuration, ``process`` runs the server, ``client`` asks it.
"""
