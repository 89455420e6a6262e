"""What a person gets who keeps the demo running: lines that can be pasted, pages that open, and nothing else.

Writes `env.sh` and `authorization` into the demo's folder, for its owner alone: the tenant's key is in the second, and curl reads
it there, so that it stands on no command line. Each page is asked for before it is printed.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from deploy.lab.client import opens
from deploy.lab.stack import BIN
from deploy.lab.story import AVAILABILITY, Story
from deploy.parts import find_program
from sankofa_observe.units import rfc3339

ADDRESSES = {
    "API": "api",
    "PROMETHEUS": "prometheus",
    "PROMETHEUS_TENANT": "prometheus-tenant",
    "ALERTMANAGER": "alertmanager",
    "PROXMOX": "proxmox",
    "BESU": "besu",
    "CHAIN": "chain",
    "SCHEDULER": "scheduler",
    "FAULTS": "pve-control",
}
# What each part has for a browser, best first; a distribution's package may lack a part's own pages.
PAGES = {
    "the tenants' API": ("api", ("/",)),
    "Prometheus, what it scrapes": ("prometheus", ("/targets", "/classic/targets", "/api/v1/targets")),
    "Prometheus, its alerts": ("prometheus", ("/alerts", "/classic/alerts", "/api/v1/alerts")),
    "Alertmanager, its alerts": ("alertmanager", ("/api/v2/alerts",)),
    "Proxmox exporter": ("proxmox", ("/",)),
    "Besu exporter": ("besu", ("/",)),
    "the scheduler's metrics": ("scheduler", ("/metrics",)),
}
LINES = (
    'curl -s "$PROXMOX/probe?target=$SITE" | grep "^sankofa_pve_up"',
    'curl -s -H "$AUTH" "$API/v1/credits"',
    'curl -s -X POST "$FAULTS/quorum/lost"',
)


def show(told: Story) -> None:
    """Write the files, and print what one can do now."""
    write(told)
    print_ = told.console.print
    print_("everything keeps running; Ctrl-C here stops it. In another terminal:")
    for line in (f"source {shlex.quote(str(told.lab.folder / 'env.sh'))}", *LINES):
        print_(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    print_("  (the last one takes the site down again; quorum/restored in place of quorum/lost brings it back)")
    if find_program("curl") is None:
        print_("  (curl is not here; on Debian: apt-get install curl)")
    print_("In a browser:")
    for what, url in pages(told).items():
        print_(f"  {what:28} {url}", markup=False, highlight=False, soft_wrap=True)


def write(told: Story) -> None:
    """The variables of the tutorial, to be sourced."""
    lab = told.lab
    authorization = lab.write("authorization", f"Authorization: Bearer {told.api_key}\n", mode=0o600)
    slo, site = AVAILABILITY
    values = {
        **{name: lab.url(part) for name, part in ADDRESSES.items()},
        "AUTH": f"@{authorization}",
        "DEMO": str(lab.folder),
        "SLO": slo,
        "SITE": site,
        "STARTS_AT": str(told.starts_at),
        "ENDS_AT": str(told.ends_at),
        "PERIOD": rfc3339(told.starts_at),
        "CONTRACT": told.contract["contract"],
    }
    lab.write("env.sh", _script(values), mode=0o600)


def _script(values: Mapping[str, str]) -> str:
    lines = [f"export {name}={shlex.quote(value)}" for name, value in values.items()]
    return "\n".join([*lines, f'export PATH={shlex.quote(str(BIN))}:"$PATH"', ""])


def pages(told: Story) -> dict[str, str]:
    """The first page of each part that opens; a part without any is left out."""
    found = {}
    for what, (part, paths) in PAGES.items():
        urls = (told.lab.url(part) + path for path in paths)
        if url := next((url for url in urls if opens(url, told.lab.patience_seconds)), None):
            found[what] = url
    return found
