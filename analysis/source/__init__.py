"""What source code defines, which routes it answers, and what leads to what."""
