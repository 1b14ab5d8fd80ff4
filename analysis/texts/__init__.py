"""What logs, stack traces, commits and JSON documents have in common."""
