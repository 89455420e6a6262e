"""What is asked: connectors by their metrics addresses, and the account's API under its call budget."""
