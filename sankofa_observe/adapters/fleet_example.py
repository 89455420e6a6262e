"""A fleet of 325 regions as the architecture has it, to try specs on and to begin a real fleet file from.

10 core datacenters, 65 regional ones and 250 edge sites, the chain, the lines of the core ring, a region for each zone, the fleet.
Addresses are of the ranges that are kept for documentation and private networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from sankofa_observe.documents import write

Document = dict[str, Any]

# Five regional datacenters a zone, each by country and city.
ZONES = {
    "africa-east": "ke-nairobi ug-kampala rw-kigali tz-dar-es-salaam et-addis-ababa",
    "africa-north": "eg-cairo tn-tunis dz-algiers ma-casablanca sd-khartoum",
    "africa-south": "za-johannesburg za-cape-town zm-lusaka zw-harare mz-maputo",
    "africa-west": "ng-lagos gh-accra ci-abidjan sn-dakar ml-bamako",
    "america-north-east": "us-new-york us-boston us-ashburn ca-toronto ca-montreal",
    "america-north-west": "us-san-jose us-seattle us-denver us-phoenix ca-vancouver",
    "america-south": "br-sao-paulo ar-buenos-aires cl-santiago pe-lima co-bogota",
    "asia-east": "jp-tokyo jp-osaka kr-seoul tw-taipei hk-hong-kong",
    "asia-south": "in-mumbai in-delhi lk-colombo bd-dhaka pk-karachi",
    "asia-southeast": "sg-singapore id-jakarta ph-manila th-bangkok my-kuala-lumpur",
    "europe-central": "de-frankfurt ch-zurich at-vienna pl-warsaw cz-prague",
    "europe-north": "se-stockholm no-oslo fi-helsinki dk-copenhagen ee-tallinn",
    "europe-west": "gb-london fr-paris nl-amsterdam es-madrid pt-lisbon",
}
# In the order of the ring of lines between them; the last three are on standby.
CORE = (
    "ke-nairobi", "za-johannesburg", "ng-lagos", "gb-london", "de-frankfurt", "us-new-york", "br-sao-paulo",
    "us-san-jose", "sg-singapore", "in-mumbai",
)  # fmt: skip
STANDBY = 3
EDGE_SITES = 250
NEEDED_IN_A_ZONE = 4
NETWORK = "mainland"
SINCE = {"core": "2024-01-01T00:00:00Z", "regional": "2024-06-01T00:00:00Z", "edge": "2025-01-01T00:00:00Z"}


def example() -> Document:
    """The fleet document."""
    sites = [*_core(), *_regional(), *_edge(), *_places()]
    return {
        "apiVersion": "sankofa.observe/v1",
        "kind": "Fleet",
        "metadata": {"name": "example"},
        "spec": {"sites": sites},
    }


def as_yaml() -> str:
    head = "# A fleet to begin with: change names and addresses, and keep what holds for you. Checked by: specs check FILE.\n"
    return head + write(example())


def _cities() -> Iterator[tuple[str, str, int]]:
    """Country and city, zone, and a number for its network."""
    number = 0
    for zone, cities in ZONES.items():
        for city in cities.split():
            yield city, zone, number
            number += 1


def _city(of: str) -> str:
    return of.partition("-")[2]


def _core() -> Iterator[Document]:
    zones = {city: (zone, number) for city, zone, number in _cities()}
    for nth, city in enumerate(CORE):
        zone, number = zones[city]
        name, net = f"core-{_city(city)}-1", f"10.{number}.0"
        yield {
            **_place(name, "core", f"{city}-core", zone),
            "role": "standby" if nth >= len(CORE) - STANDBY else "active",
            "targets": {
                "besu": {
                    f"{name}-validator-{n}": {
                        "module": "node",
                        "role": "validator",
                        "endpoint": f"http://{net}.{20 + n}:8545",
                        "labels": {"network": NETWORK},
                    }
                    for n in range(1, 5)
                },
                **_datacenter(name, net),
            },
        }


def _regional() -> Iterator[Document]:
    for city, zone, number in _cities():
        name, net = f"regional-{_city(city)}-1", f"10.{number}.1"
        yield {
            **_place(name, "regional", city, zone),
            "targets": {
                "besu": {
                    f"{name}-replica-{n}": {
                        "module": "node",
                        "endpoint": f"http://{net}.{20 + n}:8545",
                        "labels": {"network": NETWORK},
                    }
                    for n in (1, 2)
                },
                **_datacenter(name, net),
            },
        }


def _datacenter(name: str, net: str) -> Document:
    address = f"https://{name}.example.net"
    return {
        "ceph": {
            name: {
                "module": "ceph",
                "mgrs": [f"http://{net}.31:9283", f"http://{net}.32:9283"],
                "dashboards": [f"https://{net}.31:8443", f"https://{net}.32:8443"],
            }
        },
        "canary": {name: {"module": name.partition("-")[0], "endpoint": f"{address}/healthz"}},
        "gateway": {f"{name}-gateway-{n}": {"address": f"{net}.{n + 4}:8404"} for n in (1, 2)},
        "blackbox": {f"{name}-gateway": {"address": f"{address}/healthz"}},
        "kubernetes-api": {f"{name}-api-{n}": {"address": f"https://{net}.{n + 10}:6443/readyz"} for n in (1, 2, 3)},
    }


def _edge() -> Iterator[Document]:
    cities = list(_cities())
    for nth in range(EDGE_SITES):
        city, zone, number = cities[nth % len(cities)]
        at = nth // len(cities) + 1
        name, net = f"edge-{_city(city)}-{at}", f"10.{number}.{at + 1}"
        yield {
            **_place(name, "edge", f"{city}-{at}", zone),
            "targets": {
                "proxmox": {
                    name: {"module": "pve", "endpoints": [f"https://{net}.11:8006", f"https://{net}.12:8006"]},
                },
                "cloudflare": {
                    name: {"module": "tunnels", "tunnel_id": f"00000000-0000-4000-8000-{nth:012d}"},
                },
                "canary": {name: {"module": "edge", "endpoint": f"https://{name}.example.net/healthz"}},
            },
        }


def _places() -> Iterator[Document]:
    """What is no site: the chain, the lines of the core ring, the regions, the fleet."""
    cores = [f"core-{_city(city)}-1" for city in CORE]
    zones = {city: (zone, number) for city, zone, number in _cities()}
    yield {
        **_place(NETWORK, "chain", "global", ""),
        "targets": {
            "besu": {
                NETWORK: {
                    "module": "network",
                    "witnesses": {
                        name: f"http://10.{zones[city][1]}.0.21:8545"
                        for name, city in zip(cores[:4], CORE, strict=False)
                    },
                }
            }
        },
    }
    for one, following in pairwise([*CORE, CORE[0]]):
        name = f"link-{_city(one)}-{_city(following)}"
        device = {"address": f"10.{zones[one][1]}.0.1", "labels": {"interface": f"to-{_city(following)}"}}
        yield {**_place(name, "link", f"{one}-core", zones[one][0]), "targets": {"link": {name: device}}}
    for zone in ZONES:
        yield {**_place(f"zone-{zone}", "region", zone, zone), "needs": NEEDED_IN_A_ZONE}
    yield _place("fleet", "fleet", "global", "")


def _place(name: str, tier: str, region: str, zone: str) -> Document:
    found = {"name": name, "tier": tier, "region": region, "zone": zone, "owner": f"noc-{zone or 'global'}"}
    return {key: value for key, value in (found | {"since": SINCE.get(tier, "")}).items() if value}
