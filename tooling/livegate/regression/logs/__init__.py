"""Decision logs of OPA, in every form in which they come: read as they stream, put aside, asked for again.

``read`` finds files and takes them apart, ``event`` says what one event is and whether it can be decided again,
``spool`` holds the events of any number of files on disk, each once.
"""
