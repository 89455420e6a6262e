"""One probe of one target: deadline, isolation, what collectors share, what outlives a probe."""
