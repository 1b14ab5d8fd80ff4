"""The words every part uses: records, errors, clock, ports. Imports nothing of ours."""
