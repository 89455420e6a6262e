"""`python -m sankofa_observe.verify FILE`."""

from __future__ import annotations

from sankofa_observe.verify.command import main

if __name__ == "__main__":
    main()
