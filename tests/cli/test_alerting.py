"""`sankofa-observe alertmanager generate`: the settings say who is told, and Alertmanager's own checker takes what is written."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.parts import need_program
from tests.cli.running import Run
from tests.cli.test_commands import change, config, installation  # noqa: F401  fixtures
from tests.pace import limit

RECEIVERS = {
    "pagerduty": [{"routing_key_file": "./pagerduty.key"}],
    "slack": [{"url_file": "/run/secrets/slack.url", "channel": "#noc"}],
}


@pytest.mark.real("amtool")
def test_alertmanagers_configuration_is_written_from_the_settings(run: Run, installation: Path) -> None:  # noqa: F811
    """Relative files are beside the settings; `--check` says whether what is there is still what they make."""
    alerting = {
        "pages": RECEIVERS,
        "tickets": {"slack": RECEIVERS["slack"]},
        "heartbeat": {"url": "http://judge:9810/v1/heartbeats"},
    }
    change(installation, "sankofa.yaml", lambda one: one.update(alerting=alerting))
    out = installation / "alertmanager.yml"
    command = ("alertmanager", "generate", *config(installation), "--out", str(out))
    missing, written, fresh = run(*command, "--check"), run(*command), run(*command, "--check")
    assert [one.code for one in (missing, written, fresh)] == [3, 0, 0], written.err
    pager = yaml.safe_load(out.read_text())["receivers"][0]
    assert pager["pagerduty_configs"][0]["routing_key_file"] == str(installation / "pagerduty.key")
    done = subprocess.run(
        [need_program("amtool"), "check-config", str(out)],
        capture_output=True,
        text=True,
        check=False,
        timeout=limit(20),
    )
    assert done.returncode == 0, done.stdout + done.stderr


WRONG = {
    "nobody": ({}, "alerting.pages and alerting.tickets: nobody is told"),
    "a secret in place of its file": ({"pages": {"pagerduty": [{"routing_key": "r0uting"}]}}, "no such setting"),
    **{
        f"a secret where {name} belongs": ({"pages": {kind: [{**more, name: secret}]}}, "should be the path of a file")
        for kind, name, secret, more in (
            ("pagerduty", "routing_key_file", "r0uting", {}),
            ("opsgenie", "api_key_file", "r0ut/ing+key==", {}),
            ("slack", "url_file", "https://hooks.example.org/r0uting", {"channel": "#noc"}),
            ("webhook", "token_file", "Bearer r0uting", {"url": "http://wall"}),
            (
                "email",
                "password_file",
                "r0uting",
                {"to": "a@b", "sender": "c@d", "smarthost": "mail:25", "username": "am"},
            ),
        )
    },
    "an address that Alertmanager would not find": (
        {"incidents": {"listen": "127.0.0.1:9999", "token_file": "/x"}},
        "so url should be there",
    ),
    "an address with a key": ({"heartbeat": {"url": "http://judge/?key=r0uting"}}, "should have no user, no password"),
    "a login without its password": (
        {"pages": {"email": [{"to": "a@b", "sender": "c@d", "smarthost": "mail:25", "username": "am"}]}},
        "username and password_file should both be there",
    ),
    "a channel that is none": ({"pages": {"slack": [{"url_file": "/x", "channel": "noc"}]}}, "should match pattern"),
}


@pytest.mark.parametrize(("alerting", "told"), WRONG.values(), ids=WRONG)
def test_settings_that_tell_nobody_are_refused_and_no_secret_is_shown(
    run: Run,
    installation: Path,  # noqa: F811
    alerting: object,
    told: str,
) -> None:
    """With what is expected, and nothing is written."""
    change(installation, "sankofa.yaml", lambda one: one.update(alerting=alerting))
    out = installation / "alertmanager.yml"
    ended = run("alertmanager", "generate", *config(installation), "--out", str(out))
    assert (ended.code, told in ended.err, "r0uting" in ended.err, out.exists()) == (2, True, False, False), ended.err


def test_an_installation_without_alerting_says_so(run: Run, installation: Path) -> None:  # noqa: F811
    """Of silences as well."""
    run("ledger", "upgrade", *config(installation))
    made = run("alertmanager", "generate", *config(installation), "--out", str(installation / "x.yml"))
    announced = run("exclusions", "announce", *config(installation))
    assert ("it has no section alerting" in made.err, "add the section `alerting`" in announced.err) == (True, True)
