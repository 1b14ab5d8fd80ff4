"""Which Redis server a fleet uses, how it is reached, and the functions it needs there."""
