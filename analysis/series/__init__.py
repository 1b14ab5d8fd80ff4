"""Values over time: what is usual, what is not, what comes together, and what shape a day has."""
