"""Every key of a replication job but its id may be absent; never and unknown stay two things."""

from __future__ import annotations

from typing import Any

import pytest

from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.proxmox.snapshot.replication import ReplicationJob, parse_replication
from tests.exporters.proxmox.recorded import NOW, recorded


def test_jobs_are_read_with_numbers_as_strings() -> None:
    """The recorded job of pve2 has text for numbers."""
    found = parse_replication(recorded()["nodes/pve2/replication"])

    assert found.complete
    assert found.jobs == (
        ReplicationJob(
            id="101-0",
            guest="qemu/101",
            source="pve2",
            target="pve1",
            enabled=True,
            failures=0,
            last_sync=NOW - 1200,
            last_try=NOW - 1200,
            next_sync=NOW + 60,
            duration_seconds=1.5,
        ),
    )


def test_a_job_of_only_an_id_says_nothing() -> None:
    """No key is assumed: a missing last_sync is not never, a missing fail_count is not success."""
    (job,) = parse_replication([{"id": "100-0"}]).jobs

    assert (job.guest, job.failures, job.last_sync, job.enabled) == ("", None, None, True)


@pytest.mark.parametrize(
    ("rows", "complete"),
    [
        ([], True),
        ([{"guest": 100}], False),
        ([{"id": "1-0"}, {"id": "1-0"}], True),
        ([{"id": "1-0"}, {"id": "1-0", "guest": 5}], False),
        ([1], False),
    ],
)
def test_a_list_that_lost_a_row_is_not_complete(*, rows: list[Any], complete: bool) -> None:
    """A job without id, and two rows of a job that differ; the same row twice is one."""
    assert parse_replication(rows).complete is complete


@pytest.mark.parametrize("data", [None, {}, "no"])
def test_what_is_no_list_of_jobs_is_refused(data: Any) -> None:
    """It is not an empty list."""
    with pytest.raises(CollectorError):
        parse_replication(data)


@pytest.mark.parametrize("value", [-1, "NaN", True, 1e20, "x", [], 0.5])
def test_hostile_numbers_are_absent(value: Any) -> None:
    """A count is whole and not negative, a time is before the year 5138."""
    (job,) = parse_replication([{"id": "1-0", "fail_count": value}]).jobs

    assert job.failures in (None, int(1e20))


def test_hostile_times_are_absent() -> None:
    """They would be an age of minus a million years."""
    (job,) = parse_replication([{"id": "1-0", "last_sync": 1e20, "last_try": -5, "next_sync": "1e400"}]).jobs

    assert (job.last_sync, job.last_try, job.next_sync) == (None, None, None)
