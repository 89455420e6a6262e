"""Alertmanager's configuration: who is told, how soon, and which page makes which ticket superfluous.

Pages are never grouped and never inhibited: what covers what stands in the expressions of the rules, where a site that fails by itself
in the middle of a storm is still seen (decision 0045). Secrets are files that Alertmanager reads; none is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from sankofa_observe.errors import InvalidInput
from sankofa_observe.receivers import Alerting, Email, Opsgenie, PagerDuty, Receivers, Slack, Webhook

PAGE_GROUP_WAIT_SECONDS = 0
PAGE_GROUP_INTERVAL_SECONDS = 30
TICKET_GROUP_WAIT_SECONDS = 60
HEARTBEAT_SECONDS = 60
SHOWN = 20  # alerts of one notification in words; a webhook has its max_alerts
HEADER = """\
# Written by `sankofa-observe rules generate`, or `python -m deploy.alertmanager.render --write`; change the settings and run it again.
# Files named here are read by Alertmanager alone: give them its owner and mode 600.
"""
_EACH = ["..."]  # by all labels: one alert a notification
_SUMMARIES = (
    f"{{{{ range $n, $one := .Alerts }}}}{{{{ if lt $n {SHOWN} }}}}{{{{ .Status }}}}: {{{{ .Annotations.summary }}}}\n"
    "{{ .Annotations.description }}\nrunbook: {{ .Annotations.runbook_url }}\nboard: {{ .Annotations.dashboard }}\n\n"
    f"{{{{ end }}}}{{{{ end }}}}{{{{ if gt (len .Alerts) {SHOWN} }}}}{{{{ len .Alerts }}}} in all{{{{ end }}}}"
)
_TITLE = (
    "{{ if eq (len .Alerts) 1 }}{{ (index .Alerts 0).Annotations.summary }}{{ else }}"
    "{{ .GroupLabels.alertname }} {{ .GroupLabels.region }}: {{ len .Alerts }} alerts{{ end }}"
)
_FACTS = {name: f"{{{{ .CommonLabels.{name} }}}}" for name in ("tier", "region", "site", "system", "slo")}
_LINKS = {"runbook": "{{ .CommonAnnotations.runbook_url }}", "board": "{{ .CommonAnnotations.dashboard }}"}


class _Plain(yaml.SafeDumper):
    """Without anchors: each route is read by itself."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def alertmanager(alerting: Alerting, *, second_ms: int = 1000) -> str:
    """The YAML text of alertmanager.yml. `second_ms` is how long its second lasts, for a lab that has less time.

    Raises:
        InvalidInput: nobody would be told of pages, or of tickets.
    """
    nobody = [name for name in ("pages", "tickets") if not getattr(alerting, name).anybody]
    if nobody:
        raise InvalidInput(
            f"alerting.{' and alerting.'.join(nobody)}: nobody is told; expected a pagerduty, opsgenie, slack, email or webhook there, "
            "see docs/reference/settings.md; nothing was written"
        )
    return HEADER + yaml.dump(document(alerting, second_ms=second_ms), Dumper=_Plain, sort_keys=False, width=1000)


def document(alerting: Alerting, *, second_ms: int = 1000) -> dict[str, Any]:
    """The same as a mapping, as Alertmanager reads it."""

    def waits(group_wait: int, group_interval: int, repeat_interval: int) -> dict[str, str]:
        named = {"group_wait": group_wait, "group_interval": group_interval, "repeat_interval": repeat_interval}
        return {name: _duration(seconds, second_ms) for name, seconds in named.items()}

    now = (PAGE_GROUP_WAIT_SECONDS, PAGE_GROUP_INTERVAL_SECONDS)
    beats = {"group_by": _EACH, **waits(0, HEARTBEAT_SECONDS // 2, HEARTBEAT_SECONDS)}
    stored = {"receiver": "incidents", "group_by": _EACH, **waits(*now, 4 * 3600), "continue": True}
    routes: list[dict[str, Any]] = [
        {"matchers": ['severity="heartbeat"'], "receiver": "heartbeat" if alerting.heartbeat else "nobody", **beats},
        {"matchers": ['severity="info"'], "receiver": "nobody"},
    ]
    if alerting.incidents:  # a tenant's promise may be broken by either; `continue`: people are told as well
        routes.append({"matchers": ['severity="page"'], **stored})
        routes.append({"matchers": ['severity="ticket"', 'kind="slo"'], **stored})
    routes.append({"matchers": ['severity="page"'], "receiver": "pager", "group_by": _EACH, **waits(*now, 4 * 3600)})
    routes.append({"matchers": ['severity="ticket"'], "receiver": "tickets"})  # the root is for what no route matched
    first = {"receiver": "tickets", "group_by": ["alertname", "region"]}
    return {
        "route": {**first, **waits(TICKET_GROUP_WAIT_SECONDS, 300, 24 * 3600), "routes": routes},
        "inhibit_rules": INHIBITIONS,
        "receivers": list(_receivers(alerting)),
    }


# Alertmanager takes a label that both sides lack as equal, so `equal` names only what every alert on either side has: a test holds it.
INHIBITIONS: list[dict[str, Any]] = [
    # A page that a site is lost explains every ticket about its parts; not those about its promises, and never another page.
    {
        "source_matchers": ['severity="page"', 'scope="site"', 'kind=~"cause|meta"'],
        "target_matchers": ['severity="ticket"', 'kind=~"cause|meta"'],
        "equal": ["region", "site"],
    },
]


def _duration(seconds: int, second_ms: int) -> str:
    """Alertmanager's word for it: 30s, or 1500ms where a second is shorter."""
    return f"{seconds}s" if second_ms == 1000 else f"{seconds * second_ms}ms"  # noqa: PLR2004  as on the wall


def _receivers(alerting: Alerting) -> Any:
    yield {"name": "pager", **_configs(alerting.pages, page=True)}
    yield {"name": "tickets", **_configs(alerting.tickets, page=False)}
    if alerting.heartbeat:
        yield {"name": "heartbeat", "webhook_configs": [_webhook(alerting.heartbeat) | {"send_resolved": False}]}
    if own := alerting.incidents:
        told = _webhook(Webhook(url=own.url, token_file=own.token_file))
        yield {"name": "incidents", "webhook_configs": [told]}
    yield {"name": "nobody"}


def _configs(of: Receivers, *, page: bool) -> dict[str, Any]:
    found = {f"{kind}_configs": [make(one, page) for one in getattr(of, kind)] for kind, make in _KINDS.items()}
    return {name: [{**one, "send_resolved": True} for one in every] for name, every in found.items() if every}


def _pagerduty(one: PagerDuty, page: bool) -> dict[str, Any]:  # noqa: FBT001  as all of _KINDS
    facts = {"class": "{{ .CommonLabels.alertname }}", "component": _FACTS["system"], "group": _FACTS["region"]}
    return {
        "routing_key_file": str(one.routing_key_file),
        "url": one.url,
        "description": _TITLE,
        "severity": "critical" if page else "warning",
        **facts,
        "details": {**_FACTS, "description": "{{ .CommonAnnotations.description }}"},
        "links": [{"href": href, "text": text} for text, href in _LINKS.items()],
    }


def _opsgenie(one: Opsgenie, page: bool) -> dict[str, Any]:  # noqa: FBT001
    return {
        "api_key_file": str(one.api_key_file),
        "api_url": one.url,
        "message": _TITLE,
        "description": _SUMMARIES,
        "priority": "P1" if page else "P3",
        "details": _FACTS | _LINKS,
    }


def _slack(one: Slack, page: bool) -> dict[str, Any]:  # noqa: FBT001
    colour = "danger" if page else "warning"
    return {
        "api_url_file": str(one.url_file),
        "channel": one.channel,
        "title": _TITLE,
        "title_link": _LINKS["runbook"],
        "text": _SUMMARIES,
        "color": f'{{{{ if eq .Status "firing" }}}}{colour}{{{{ else }}}}good{{{{ end }}}}',
    }


def _email(one: Email, page: bool) -> dict[str, Any]:  # noqa: FBT001
    word = "PAGE" if page else "ticket"
    login = {"auth_username": one.username, "auth_password_file": str(one.password_file)} if one.username else {}
    return {
        "to": one.to,
        "from": one.sender,
        "smarthost": one.smarthost,
        **login,
        "require_tls": one.require_tls,
        "headers": {"Subject": f"[{word} {{{{ .Status }}}}] {_TITLE}"},
        "html": "",
        "text": _SUMMARIES,
    }


def _webhook(one: Webhook, page: bool = True) -> dict[str, Any]:  # noqa: ARG001, FBT001, FBT002
    token = {"http_config": {"authorization": {"credentials_file": str(one.token_file)}}} if one.token_file else {}
    return {"url": one.url, "max_alerts": one.max_alerts, "send_resolved": True, **token}


_KINDS: Mapping[str, Callable[[Any, bool], dict[str, Any]]] = {
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
    "slack": _slack,
    "email": _email,
    "webhook": _webhook,
}
