"""Who is told of alerts, as settings: pages, tickets, the heartbeat, and the incidents of this platform.

Every secret is the path of a file that Alertmanager reads by itself; none is ever in its configuration. Alertmanager 0.25 has no file
for the address of a webhook: what is secret there is a token, and never a part of the address.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sankofa_observe.fields import Address, FileElsewhere, Part, SecretElsewhere, Url

_Mail = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", description="an e-mail address")]


class PagerDuty(Part):
    routing_key_file: SecretElsewhere
    url: Url = "https://events.pagerduty.com/v2/enqueue"


class Opsgenie(Part):
    api_key_file: SecretElsewhere
    url: Url = "https://api.opsgenie.com/"


class Slack(Part):
    url_file: SecretElsewhere
    channel: Annotated[str, Field(pattern=r"^[#@][^\s]+$", description="#channel or @person")]


class Email(Part):
    to: _Mail
    sender: _Mail
    smarthost: Address
    username: str = ""
    password_file: FileElsewhere | None = Field(None, repr=False)
    require_tls: bool = True

    @model_validator(mode="after")
    def _whole(self) -> Email:
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file should both be there, or neither")
        return self


class Webhook(Part):
    url: Url
    token_file: FileElsewhere | None = Field(None, repr=False)
    max_alerts: Annotated[int, Field(ge=0)] = 100  # of one notification; 0 is all


class Receivers(Part):
    """All of them are told."""

    pagerduty: tuple[PagerDuty, ...] = ()
    opsgenie: tuple[Opsgenie, ...] = ()
    slack: tuple[Slack, ...] = ()
    email: tuple[Email, ...] = ()
    webhook: tuple[Webhook, ...] = ()

    @property
    def anybody(self) -> bool:
        return any(getattr(self, name) for name in type(self).model_fields)


class Incidents(Part):
    """Where this platform listens for what Alertmanager tells it."""

    listen: Address = "127.0.0.1:9802"
    url: Url = "http://127.0.0.1:9802/v1/alerts"  # as Alertmanager reaches it
    token_file: SecretElsewhere
    metrics_listen: Address | None = "127.0.0.1:9803"

    @model_validator(mode="after")
    def _reached(self) -> Incidents:
        if "listen" in self.model_fields_set and "url" not in self.model_fields_set:
            raise ValueError("listen is another, so url should be there: by it Alertmanager reaches what listens there")
        return self


class Alerting(Part):
    alertmanager_url: Url = "http://127.0.0.1:9093"
    pages: Receivers = Receivers()
    tickets: Receivers = Receivers()
    heartbeat: Webhook | None = None
    incidents: Incidents | None = None
