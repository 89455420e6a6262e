"""The Proxmox API: GET over several seed nodes, and one method a question."""

from __future__ import annotations

from .api import ApiError, ProxmoxApi, Reply
from .questions import ProxmoxClient

__all__ = ["ApiError", "ProxmoxApi", "ProxmoxClient", "Reply"]
