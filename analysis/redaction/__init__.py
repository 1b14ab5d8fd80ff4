"""Personal data and secrets out of text, before it is stored."""
