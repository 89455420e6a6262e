"""Questions to the witnesses of a network: heads, headers, logs and receipts."""
