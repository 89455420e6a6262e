"""Schedules of credits that providers have published, with misses priced by hand from their words.

Read in 2026 at the addresses given; a page may say something else by now. A case is either reproduced, or says under which name the
specs refuse it. Downtime is in minutes of a month of 30 days, and the fee is 1,250.00 of the currency unless a case has its own.
What counts as downtime is not priced here: that is the SLO's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sankofa_observe.sla.schedule import Counted, CreditBand, Proportional, Rounding, Schedule, Steps
from sankofa_observe.sla.stacking import BelowMinimum, Claim, CreditRules
from sankofa_observe.units import PPM

MONTH_MINUTES = 43_200
FEE_MINOR = 125_000


def bands(*rows: tuple[str, int]) -> tuple[CreditBand, ...]:
    """From percentages: attainment under the first, credit of the second."""
    return tuple(
        CreditBand(below_ppm=int(below.replace(".", "").ljust(6, "0")), credit_ppm=credit * 10_000)
        for below, credit in rows
    )


@dataclass(frozen=True, kw_only=True)
class Published:
    """`owed` has, by minutes of downtime, the credit in minor units that the words give."""

    source: str
    target_ppm: int
    schedule: Schedule
    owed: dict[int, int]
    cap_ppm: int = PPM
    rules: CreditRules = field(default_factory=CreditRules)
    fee_minor: int = FEE_MINOR


@dataclass(frozen=True, kw_only=True)
class NotBuilt:
    """A schedule that no form here can hold, and the name under which it is refused."""

    source: str
    kind: str


REPRODUCED = {
    # 10 % under 99.99, 30 % under 99.0, all under 95.0; a credit is issued if it is more than one dollar; two billing cycles to claim.
    "aws-compute-region": Published(
        source="https://aws.amazon.com/compute/sla/historical/",
        target_ppm=999_900,
        schedule=bands(("99.99", 10), ("99.00", 30), ("95.00", 100)),
        rules=CreditRules(minimum_minor=101, claim=Claim(periods=2)),
        owed={4: 0, 5: 12_500, 432: 12_500, 433: 37_500, 2_160: 37_500, 2_161: 125_000},
    ),
    "aws-compute-region-of-ten-dollars": Published(
        source="https://aws.amazon.com/compute/sla/historical/",
        target_ppm=999_900,
        schedule=bands(("99.99", 10), ("99.00", 30), ("95.00", 100)),
        rules=CreditRules(minimum_minor=101),
        fee_minor=1_000,
        owed={5: 0, 433: 300},  # a tenth is exactly one dollar, which is not more than one
    ),
    # The monthly bill's 10, 25 and 50 % under 99.99, 99.0 and 95.0; 30 days to notify.
    "google-alloydb": Published(
        source="https://cloud.google.com/alloydb/sla",
        target_ppm=999_900,
        schedule=bands(("99.99", 10), ("99.00", 25), ("95.00", 50)),
        cap_ppm=500_000,
        rules=CreditRules(claim=Claim(days=30)),
        owed={4: 0, 5: 12_500, 433: 31_250, 2_161: 62_500, 43_200: 62_500},
    ),
    "google-interconnect": Published(
        source="https://cloud.google.com/network-connectivity/docs/interconnect/sla",
        target_ppm=999_900,
        schedule=bands(("99.99", 10), ("99.00", 25)),
        owed={4: 0, 5: 12_500, 432: 12_500, 433: 31_250},
    ),
    # 10 % between 99 and 99.95, 30 % under 99.
    "ovhcloud-vmware": Published(
        source="https://us.ovhcloud.com/legal/sla/vmware-on-ovhcloud/",
        target_ppm=999_500,
        schedule=bands(("99.95", 10), ("99.00", 30)),
        owed={21: 0, 22: 12_500, 432: 12_500, 433: 37_500},
    ),
    # 5 % of the month for each hour beyond what 99.5 % allows (216 minutes), 30 % at most; 60 days to ask.
    "ovhcloud-key-management": Published(
        source="https://us.ovhcloud.com/legal/sla/key-management-service/",
        target_ppm=995_000,
        schedule=Steps(each_seconds=3_600, credit_ppm=50_000, counted=Counted.BEYOND),
        cap_ppm=300_000,
        rules=CreditRules(claim=Claim(days=60)),
        owed={216: 0, 217: 0, 275: 0, 276: 6_250, 336: 12_500, 576: 37_500, 700: 37_500},
    ),
    # 5 % for each 30 minutes or portion thereof, the whole month at most; the network is promised all of the time.
    "arcustech-network": Published(
        source="https://www.arcustech.com/legal/virtual-sla/",
        target_ppm=PPM,
        schedule=Steps(each_seconds=1_800, credit_ppm=50_000, rounding=Rounding.STARTED),
        owed={0: 0, 1: 6_250, 30: 6_250, 31: 12_500, 600: 125_000, 5_000: 125_000},
    ),
    # 5 % for every half hour that was down, the whole month at most.
    "critihost": Published(
        source="https://critihost.com/blog/zee_faq/what-does-100-uptime-guarantee-mean/",
        target_ppm=PPM,
        schedule=Steps(each_seconds=1_800, credit_ppm=50_000),
        owed={29: 0, 30: 6_250, 59: 6_250, 720: 125_000},
    ),
    # 10 % of the bill for every 0.1 % outside of 99.9: 99.8 gives 10 %, 99.7 gives 20 %.
    "stablehost-shared": Published(
        source="http://support.stablehost.com/en/articles/2086924-what-is-your-sla-policy",
        target_ppm=999_000,
        schedule=Steps(each_ppm=1_000, credit_ppm=100_000, counted=Counted.BEYOND),
        fee_minor=1_000,
        owed={43: 0, 87: 100, 130: 200, 475: 900, 476: 1_000},
    ),
    # 1 % of the recurring fee for every 0.1 %, or portion thereof, under the target.
    "wavelength-service": Published(
        source="https://lawinsider.com/dictionary/service-availability-credit",
        target_ppm=999_900,
        schedule=Steps(each_ppm=1_000, credit_ppm=10_000, counted=Counted.BEYOND, rounding=Rounding.STARTED),
        owed={4: 0, 5: 1_250, 47: 1_250, 48: 2_500},
    ),
    # The lost time at the hourly rate, under 99.99; three billing cycles to ask.
    "digitalocean-droplets": Published(
        source="https://www.digitalocean.com/sla/cpu-droplets",
        target_ppm=999_900,
        schedule=Proportional(factor_ppm=PPM),
        rules=CreditRules(claim=Claim(periods=3)),
        owed={4: 0, 60: 173, 1_440: 4_166},  # 125,000 / 720 = 173.6 an hour, / 30 = 4,166.7 a day
    ),
    # The prorated rental of what lies beyond 99.9 % (43.2 minutes), once or ten times; one month's rental at most.
    "hostingking-others": Published(
        source="https://hostingking.com/company/sla",
        target_ppm=999_000,
        schedule=Proportional(factor_ppm=PPM, counted=Counted.BEYOND),
        owed={43: 0, 60: 48, 1_440: 4_041},  # 16.8 and 1,396.8 minutes of 43,200
    ),
    "hostingking-tenfold": Published(
        source="https://hostingking.com/company/sla",
        target_ppm=999_000,
        schedule=Proportional(factor_ppm=10 * PPM, counted=Counted.BEYOND),
        owed={43: 0, 60: 486, 1_440: 40_416, 4_400: 125_000},
    ),
    # 50 times the charges of an interruption, those of 30 days at most.
    "upcloud": Published(
        source="https://mangolassi.it/user/curtis/posts?page=2",
        target_ppm=PPM,
        schedule=Proportional(factor_ppm=50 * PPM),
        owed={6: 868, 60: 8_680, 864: 125_000, 900: 125_000},  # 2.8935 a minute, fifty times
    ),
    # 2, 3 and 5 % under 99.9, 99.0 and 95.0, only if it is more than a dollar.
    "demyst": Published(
        source="https://docs.demyst.com/docs/service-level-credits",
        target_ppm=999_000,
        schedule=bands(("99.90", 2), ("99.00", 3), ("95.00", 5)),
        rules=CreditRules(minimum_minor=101),
        fee_minor=4_000,
        owed={43: 0, 44: 0, 433: 120, 2_161: 200},  # 2 % are 80 cents
    ),
    # Half of the fee at most, and one dollar where it is less than that.
    "cloud-voice": Published(
        source="https://lawinsider.com/dictionary/service-availability-credit",
        target_ppm=999_000,
        schedule=bands(("99.90", 5)),
        cap_ppm=500_000,
        rules=CreditRules(minimum_minor=100, below_minimum=BelowMinimum.MINIMUM),
        fee_minor=1_000,
        owed={43: 0, 44: 100},  # 5 % are 50 cents
    ),
    # 5 to 30 % under 99.9, 99.5, 99.0 and 98.0 %.
    "crucial": Published(
        source="https://www.crucial.com.au/uptime-guarantee",
        target_ppm=999_000,
        schedule=bands(("99.90", 5), ("99.50", 10), ("99.00", 20), ("98.00", 30)),
        owed={43: 0, 44: 6_250, 217: 12_500, 433: 25_000, 865: 37_500},
    ),
}

REFUSED = {
    # A table of the length of each outage: under 10 minutes 12 hours of service, from 10 minutes 24 hours, ... from 7 hours a month.
    "vultr": NotBuilt(source="http://mpsboston.org/index-362.html", kind="per-outage"),
    # 5 % for each further hour of one host's failure, after its first.
    "arcustech-host": NotBuilt(source="https://www.arcustech.com/legal/virtual-sla/", kind="per-outage"),
    # 10 % of the bill where the 365 days before the claim were under 99.95 %.
    "aws-ec2-2008": NotBuilt(source="https://ro.scribd.com/document/51509289/Amazon-EC2-SLA", kind="rolling-year"),
    # Eight hours, one and a half or three days, added to the term.
    "graylog": NotBuilt(source="https://lawinsider.com/clause/service-level-credit", kind="service-time"),
    # Outage minutes times the share of the customer's users that were affected.
    "cloudflare-enterprise": NotBuilt(
        source="https://www.cloudflare.com/enterprise-support-sla", kind="affected-share"
    ),
    # Hours of 730, times 50, rounded to hundredths before it is priced.
    "expertsystems": NotBuilt(source="https://expertsystems.com.au/hosting_uptime.html", kind="average-month"),
    # 5 % of the sum of the invoice that comes next, for each 10 minutes.
    "ovh-dedicated-cloud": NotBuilt(source="https://www.ovh.cz/dedicated-cloud/seznameni/sla.xml", kind="next-invoice"),
}
