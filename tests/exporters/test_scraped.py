"""Reading wanted families out of somebody else's exposition."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_exporters.model.failure import CollectorError
from sankofa_exporters.reading.scraped import Point, scan

MANY = "".join(f"other_{number} 1\n" for number in range(1000))
ANY_TEXT = st.text(st.sampled_from('ab{}",\\= \n1e+NaN_') | st.characters(), max_size=200)


def test_scan_reads_wanted_names_alone() -> None:
    """A name that only begins like a wanted one is another family."""
    body = f'# TYPE up gauge\n{MANY}up 1\nup_since 5\nup{{a="b",c="d"}} 2.5 1700000000\n'
    found = scan(body.encode(), ["up"], "here")

    assert found.points == {"up": (Point(labels={}, value=1), Point(labels={"a": "b", "c": "d"}, value=2.5))}


@pytest.mark.parametrize(
    ("line", "labels"),
    [
        (r'm{a="x\"y\\z\n"} 1', {"a": 'x"y\\z\n'}),
        ('m{a="pool "blue" is, well, full",b="E"} 1', {"a": 'pool "blue" is, well, full', "b": "E"}),
        ('m{a="x",} 1', {"a": "x"}),
        ("m{} 1", {}),
        ('m{a="}",b="{"} 1', {"a": "}", "b": "{"}),
        ('m{a="first",a="second"} 1', {"a": "first"}),
    ],
)
def test_scan_reads_labels_escaped_or_not(line: str, labels: dict[str, str]) -> None:
    """Escapes are undone, and a quote that nobody escaped belongs to the value (Ceph's mgr)."""
    assert scan(line.encode(), ["m"], "here").of("m") == (Point(labels=labels, value=1),)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "1e400", "1_000", "many", "0x10"])
def test_scan_counts_what_is_no_number(value: str) -> None:
    """A value that is not finite is no value, and is counted as unreadable."""
    found = scan(f"n 1\nm {value}\n".encode(), ["m"], "here")

    assert (found.of("m"), found.unreadable) == ((), 1)


def test_scan_tells_an_empty_body_from_one_without_the_names() -> None:
    """A standby mgr of Ceph answers 200 with nothing in it."""
    assert [scan(body, ["m"], "here").empty for body in (b"", b" \n", b"# HELP m x\n", b"n 1\n")] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("body", [b"<html>login</html>", b'{"data": []}', b"Not Found\xff\xfe"])
def test_scan_refuses_what_is_no_exposition(body: bytes) -> None:
    """HTML and JSON with status 200 are decode failures, not an exposition without series."""
    with pytest.raises(CollectorError) as caught:
        scan(body, ["m"], "here")

    assert caught.value.failure.kind == "decode"


@given(ANY_TEXT)
def test_scan_never_raises_anything_else(text: str) -> None:
    """Whatever the text is, the answer is a value or a CollectorError, and numbers are finite."""
    try:
        found = scan(text.encode("utf-8", "replace"), ["a", "b", "ab"], "here")
    except CollectorError:
        return
    assert all(point.value == point.value for points in found.points.values() for point in points)


def test_scan_leaves_a_line_of_megabytes_unread() -> None:
    """A label value as long as the body costs no more than the body: it is counted as unreadable."""
    tracemalloc.start()
    found = scan(b'm{a="' + b"x" * 4_000_000 + b'"} 1\n', ["m"], "here")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found.of("m"), found.unreadable) == ((), 1)
    assert peak < 40_000_000
