"""What runs the platform: exact verdicts, penalties, settlement and credits. See ARCHITECTURE.md."""
