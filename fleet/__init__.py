"""Composition root: settings into store, bus, hooks, agents; the service behind the faces.

`runtime.py` holds the parts of one process together, `processes.py` the processes of a fleet. Each folder is one thing
that a fleet does: it reaches a server, imports files, is asked for decisions, runs rollouts, writes and runs suites of
tests, replays incidents, tells people, reads the project's repository.
"""
