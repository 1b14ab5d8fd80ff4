"""Rollouts: what one look says of a canary, and what follows from it."""
