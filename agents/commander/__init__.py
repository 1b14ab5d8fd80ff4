"""The fleet commander: routes tasks, watches agents, starts follow-up work."""
