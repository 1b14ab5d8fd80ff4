"""`aqe demo`: the whole idea on a real shop, with the commands a user would type."""
