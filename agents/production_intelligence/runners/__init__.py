"""What does I/O beside the agent itself."""
