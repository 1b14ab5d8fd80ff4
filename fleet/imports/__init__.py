"""Files of tools into signals and datasets, redacted on the way."""
