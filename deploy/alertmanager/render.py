"""The Alertmanager configuration with another place to send to; the rest stays as committed and tested."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).parent / "alertmanager.yml"
COMMITTED_BASE = "http://127.0.0.1:9099"


def render(webhook_url: str) -> str:
    """The YAML text whose receivers post to `<webhook_url>/page` and `<webhook_url>/ticket`."""
    return CONFIG.read_text().replace(COMMITTED_BASE, webhook_url.rstrip("/"))
