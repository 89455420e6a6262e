"""Series of Prometheus and of Alertmanager about themselves: what boards ask of them, by the names that those programs give them."""

from __future__ import annotations

DUE = "prometheus_rule_group_iterations_total"
FAILED = "prometheus_rule_evaluation_failures_total"
TOOK = "prometheus_rule_group_last_duration_seconds"
INTERVAL = "prometheus_rule_group_interval_seconds"
QUEUE_DROPPED = "prometheus_notifications_dropped_total"
SENT = "alertmanager_notifications_total"
NOT_SENT = "alertmanager_notifications_failed_total"
ALERTS = "alertmanager_alerts"
SILENCES = "alertmanager_silences"

LABELS: dict[str, frozenset[str]] = {
    **dict.fromkeys((DUE, FAILED, TOOK, INTERVAL), frozenset({"rule_group"})),
    QUEUE_DROPPED: frozenset(),
    **dict.fromkeys((SENT, NOT_SENT), frozenset({"integration"})),
    **dict.fromkeys((ALERTS, SILENCES), frozenset({"state"})),
}
"""Each with the labels that a query may name."""


def notifications_sent() -> str:
    """In an hour, by all receivers; those that failed are not among them."""
    return f"sum(increase({SENT}[1h])) - sum(increase({NOT_SENT}[1h]))"


def notifications_failed() -> str:
    return f"sum(increase({NOT_SENT}[1h]))"
