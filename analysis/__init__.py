"""Pure statistics and text mining, one idea a file."""
