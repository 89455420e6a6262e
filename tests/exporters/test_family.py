"""A metric catalogue that breaks Prometheus' naming rules never starts."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.catalogue import FAMILIES as PROBE_FAMILIES
from sankofa_exporters.model.family import Distribution, Family, Sample, series_of
from sankofa_exporters.registry import SYSTEM_NAMES, system


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ({"name": "pve_up"}, "sankofa_"),
        ({"name": "sankofa_Up"}, "lower case"),
        ({"kind": "counter"}, "ends in _total"),
        ({"kind": "info"}, "ends in _info"),
        ({"name": "sankofa_thing_total"}, "another kind"),
        ({"unit": "seconds"}, "ends in its unit"),
        ({"name": "sankofa_thing_hours", "unit": "hours"}, "the unit is one of"),
        ({"labels": ("region",)}, "reserved"),
        ({"labels": ("Node",)}, "lower case"),
        ({"labels": ("node", "node")}, "once"),
        ({"kind": "histogram"}, "buckets"),
        ({"buckets": (1.0,)}, "buckets"),
        ({"help": "no full stop"}, "sentence"),
    ],
)
def test_family_refuses_what_breaks_the_naming_rules(broken: dict[str, Any], rule: str) -> None:
    """Each rule is checked when the family is made, and its sentence names the rule."""
    with pytest.raises(ValueError, match=rule):
        Family(**{"name": "sankofa_thing", "help": "A thing.", **broken})


def test_catalogues_name_every_family_once() -> None:
    """No two families of all exporters share a name, so a rule over one never reads the other."""
    names = [family.name for name in SYSTEM_NAMES for family in system(name).families]
    names += [family.name for family in PROBE_FAMILIES]

    assert sorted(set(names)) == sorted(names)


def test_every_system_pairs_up_with_known() -> None:
    """Each system leads with its up and known gauges, without labels."""
    leads = {name: system(name).families[:2] for name in SYSTEM_NAMES}

    assert {
        name: [(family.name.rpartition("_")[2], family.labels) for family in pair] for name, pair in leads.items()
    } == {name: [("up", ()), ("known", ())] for name in SYSTEM_NAMES}


def test_histogram_counts_as_its_buckets_infinity_count_and_sum() -> None:
    """The series cap sees a histogram as the series that it becomes."""
    family = Family(name="sankofa_x_seconds", kind="histogram", unit="seconds", buckets=(0.1, 0.2), help="A thing.")

    assert series_of([Sample(family, Distribution(counts=(0, 0, 1), total=1.0))]) == 5
