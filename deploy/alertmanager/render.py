"""Alertmanager's configuration for one place that everything is posted to: the committed example, and labs with their own address.

`python -m deploy.alertmanager.render --write` writes alertmanager.yml. An installation writes its own from its settings.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sankofa_observe.receivers import Alerting, Incidents, Receivers, Webhook
from sankofa_rules.alertmanager import alertmanager

CONFIG = Path(__file__).parent / "alertmanager.yml"
COMMITTED_BASE = "http://127.0.0.1:9099"
TOKEN = Path("/etc/alertmanager/incidents.token")


def render(webhook_url: str, *, second_ms: int = 1000, incidents: Incidents | None = None) -> str:
    """The YAML text whose receivers post to `<webhook_url>/page`, `/ticket` and `/heartbeat`."""
    to = webhook_url.rstrip("/")
    alerting = Alerting(
        pages=Receivers(webhook=[Webhook(url=f"{to}/page")]),
        tickets=Receivers(webhook=[Webhook(url=f"{to}/ticket")]),
        heartbeat=Webhook(url=f"{to}/heartbeat"),
        incidents=incidents,
    )
    return alertmanager(alerting, second_ms=second_ms)


def committed() -> str:
    """With the platform's own receiver on this host."""
    return render(COMMITTED_BASE, incidents=Incidents(token_file=TOKEN))


def main(arguments: list[str] | None = None) -> int:
    """0 when written or fresh, 1 when the committed file is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    if parser.parse_args(arguments).write:
        CONFIG.write_text(committed())
    elif CONFIG.read_text() != committed():
        print(f"{CONFIG}: stale; run python -m deploy.alertmanager.render --write", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
