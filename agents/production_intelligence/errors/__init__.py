"""Error patterns: log records in, the bugs behind them, their circumstances and tests out."""
