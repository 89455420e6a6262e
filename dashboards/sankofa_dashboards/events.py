"""What fires now, as a table: an alert list has no query, and would say "no alerts" while nobody can say so.

ALERTS is absent when all is well, and also when no rule is evaluated. So a row "nothing fires" stands there while states of sites are
recorded, and without those the table says NOT KNOWN.
"""

from __future__ import annotations

from sankofa_observe import telemetry

from .panels import Link
from .states import plainly
from .table import Column, Label, Table, table

NOTHING_FIRES = "nothing fires"
ASKED = ("site", "region", "tier", "system", "observer", "slo")
"""Labels that a runbook fills in; it leaves out what is "all", and what a table has no column of."""
SITE_BOARD = Link(title="Board of this site", url="/d/sk-site?var-site=${__data.fields.site}&${__url_time_range}")


def firing(
    *, title: str, description: str, matchers: str, labels: tuple[str, ...], width: int, height: int, site: bool = False
) -> Table:
    """Alerts with these labels, pages first, the youngest last; the value is for how long they have fired."""
    by = ", ".join(labels)
    age = f'time() - max by ({by}) (ALERTS_FOR_STATE{{{matchers}}} and ignoring (alertstate) ALERTS{{alertstate="firing", {matchers}}})'
    alive = f"count({telemetry.SITE_STATE})"
    nothing = f'label_replace(0 * {alive}, "alertname", "{NOTHING_FIRES}", "", "")'
    return table(
        title=title,
        description=description,
        labels=(_alert(labels), *(_label(name, linked=site) for name in labels[1:])),
        columns=(Column(name="For", expr=f"{age}\nor on () {nothing}", unit="dtdurations", words=(plainly(0, "-"),)),),
        width=width,
        height=height,
        first_by="severity" if "severity" in labels else "",
    )


def _alert(labels: tuple[str, ...]) -> Label:
    """Its name, which leads to its runbook with the alert's own labels filled in."""
    asked = "&".join(f"{name}=${{__data.fields.{name}}}" for name in ASKED if name in labels)
    return Label(
        name=labels[0],
        title="Alert",
        links=(Link(title="Runbook", url="${runbooks}/${__data.fields.alertname}?" + asked),),
    )


def _label(name: str, *, linked: bool) -> Label:
    return Label(name=name, links=(SITE_BOARD,) if name == "site" and linked else ())
