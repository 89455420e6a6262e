"""How an answer is read: one bounded HTTP exchange, another exporter's exposition, values that cannot be trusted."""
