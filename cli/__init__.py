"""The command line: thin faces over fleet/."""
