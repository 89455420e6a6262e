"""What people are told of the state of sites and of those who observe them: pages first, then tickets about doubt.

No page waits here: its series has waited for evidence. One page a site names its systems; what broke in one is a ticket of its own.
"""

from __future__ import annotations

from functools import partial

from sankofa_exporters.cloudflare import families as tunnel
from sankofa_observe.telemetry import (
    FLEET_DOWN,
    FLEET_NOT_KNOWN_PAGED,
    FLEET_STORMS,
    OBSERVER_PAGED,
    REGION_DOWN,
    SITE_DOWN,
    SITE_IN_FLEET,
    SITE_IN_REGION,
    SITE_INFO,
    SITE_LOST,
    SITE_PAGED,
    SYSTEM_DOWN,
    SYSTEM_EXPLAINED,
    SYSTEM_NOT_KNOWN,
    TARGET_DUE,
    TARGET_INFO,
)

from .fault_to_page import Evidence
from .pace import EVIDENCE, QUICK, SCRAPE_SECONDS, SURE, Pace
from .rule import EVERYWHERE, FLEET_BOARD, SITE_BOARD, Alert, tickets_of
from .site import SITES
from .state import FLEET_LOOKS, OBSERVER_LOOKS, SITE, SYSTEM

STORMS = 6  # that one outage of a tier is told of, one after the other
_DOWN = Evidence(needed=EVIDENCE, of=SURE)
_LOST = Evidence(needed=SURE, of=SURE)  # down, or silent: one known sample breaks a silence


def _count(query: str, label: str) -> str:
    """How many, as a template asks Prometheus; `%s` stands for the alert's own label."""
    return f"{{{{ with printf {query} $labels.{label} | query }}}}{{{{ . | first | value }}}}{{{{ end }}}}"


_page = partial(Alert, severity="page")
PAGES = (
    _page(
        name="ObserverIsolated",
        expr=f"{OBSERVER_PAGED} == 1",
        kind="meta",
        scope="fleet",
        system="observer",
        identity=EVERYWHERE,
        dashboard=FLEET_BOARD,
        evidence=Evidence(needed=OBSERVER_LOOKS, of=OBSERVER_LOOKS, after_seconds=SCRAPE_SECONDS),
        summary="Observer {{ $labels.observer }} is cut off: none of its targets can be scraped",
        description="Sites that only {{ $labels.observer }} watches are not known to be up or down; they are not paged one by one.",
    ),
    _page(
        name="FleetNotKnown",
        expr=f"{FLEET_NOT_KNOWN_PAGED} == 1",
        kind="meta",
        scope="fleet",
        system="all",
        identity=EVERYWHERE,
        dashboard=FLEET_BOARD,
        evidence=Evidence(needed=FLEET_LOOKS, of=FLEET_LOOKS, after_seconds=QUICK * SCRAPE_SECONDS),
        summary="Nobody can say whether many sites are up or down",
        description=(
            "Not known, at one time: "
            f'{{{{ range query "count by (system) ({SYSTEM_NOT_KNOWN} == 1)" | sortByLabel "system" }}}}{{{{ .Value }}}} {{{{ .Labels.system }}}}, {{{{ end }}}}'
            "which share credentials, an API or an exporter."
        ),
    ),
    _page(
        name="FleetDown",
        expr="\nor ".join(
            [
                f"{FLEET_DOWN} == 1",
                *(f'label_replace({FLEET_STORMS} >= {n}, "storm", "{n}", "", "")' for n in range(2, STORMS + 1)),
            ]
        ),
        kind="cause",
        scope="fleet",
        system="all",
        identity={"region": "all", "site": "all"},
        dashboard=FLEET_BOARD,
        evidence=_LOST,
        summary="Many {{ $labels.tier }} sites were lost at once",
        description=(
            _count(f"\"count({SITE_IN_FLEET}{{tier='%s'}} == 1)\"", "tier")
            + " {{ $labels.tier }} site(s) fell within minutes and are still lost; they are not paged one by one."
        ),
    ),
    _page(
        name="RegionDown",
        expr=f"{REGION_DOWN} == 1",
        kind="cause",
        scope="region",
        system="all",
        identity={"tier": "all", "site": "all"},
        dashboard=FLEET_BOARD,
        evidence=_LOST,
        summary="Region {{ $labels.region }} was lost",
        description=(
            _count(f"\"count({SITE_IN_REGION}{{region='%s'}} == 1)\"", "region")
            + " site(s) of {{ $labels.region }} fell within minutes and are still lost; they are not paged one by one."
        ),
    ),
    _page(
        name="SiteDown",
        expr=f"{SITE_PAGED} == 1 and on ({SITE}) {SITE_DOWN} == 1",
        kind="cause",
        scope="site",
        system="all",
        dashboard=SITE_BOARD,
        evidence=_DOWN,
        summary=(
            "{{ $labels.site }} is DOWN:{{ range printf "
            f"\"{SYSTEM_DOWN}{{site='%s'}} == 1\""
            ' $labels.site | query | sortByLabel "system" }} {{ .Labels.system }}{{ end }}'
        ),
        description="Known to be down, by 5 samples of 2 minutes; over when all its targets are known to be up.",
    ),
    _page(
        name="SiteSilent",
        expr=f"{SITE_PAGED} == 1 unless on ({SITE}) {SITE_DOWN} == 1",
        kind="meta",
        scope="site",
        system="all",
        dashboard=SITE_BOARD,
        evidence=_LOST,
        summary="{{ $labels.site }} is silent: up or down, nobody knows",
        description="For 2 minutes nothing is known of any of its targets, while those of other sites are seen.",
    ),
)


def tickets(pace: Pace) -> tuple[Alert, ...]:
    lost = f"(max_over_time({SITE_LOST}[{pace.sure}]) == 1)"
    disputed = f"group by ({SYSTEM}) ({tunnel.DISPUTED.name} == 1)"  # which is a ticket of its own
    scraped = 'label_replace(up{system!=""}, "target", "$1", "instance", "(.+)")'  # by exporters of ours and by others
    unscraped = (
        f"count by ({SYSTEM}) (group by ({SYSTEM}, target) ({TARGET_INFO})\nunless on ({SYSTEM}, target) {scraped})"
    )
    unwatched = f"group by ({SITE}) ({SITE_INFO}) unless on (site) ({SITES} or {TARGET_INFO})"
    ticket = tickets_of(None, "meta")
    return (
        ticket(
            name="SystemNotKnown",
            expr=(
                f"{SYSTEM_NOT_KNOWN} == 1 and on ({SYSTEM}) ({TARGET_DUE} == 1)\n"
                f"unless on ({SYSTEM}) {SYSTEM_EXPLAINED}\nunless on ({SITE}) {lost}\nunless on ({SYSTEM}) {disputed}"
            ),
            for_seconds=60,
            summary="{{ $labels.site }}: nobody can say whether {{ $labels.system }} is up or down",
            description=(
                "A target of {{ $labels.system }} at {{ $labels.site }} has fewer than 5 known samples in 2 minutes, or its observers differ."
            ),
        ),
        ticket(
            name="TargetsMissing",
            expr=f'{unscraped}\nor label_replace({unwatched}, "system", "all", "", "")',
            for_seconds=300,
            summary="{{ $labels.site }}: the fleet file names what nobody watches",
            description="{{ $value }} target(s) of {{ $labels.system }} at {{ $labels.site }} are expected and not scraped.",
        ),
    )
