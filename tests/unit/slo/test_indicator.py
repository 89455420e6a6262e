"""Plain selectors, and how one is narrowed to sites."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.indicator import for_sites, is_plain_selector


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("up", True),
        ('up{job="a",site=~"b|c"}', True),
        ('up{path="/a{b}c"}', True),
        (r'up{path="a\"b"}', True),
        ("rate(up[5m])", False),
        ("up[5m]", False),
        ("up offset 5m", False),
        ("sum(up)", False),
        ("up or down", False),
        ('up{job="a"', False),
        ("", False),
        ("up\n", False),
        ("up{}", True),
        ('up{a!="b",c!~"d",}', True),
        ("up{a='b'}", True),
        ('up{ a = "b" , c="d" }', True),
        ('up{a="b" # c}', False),
        ('up{a="b"[5m]}', False),
        ("up{a=b}", False),
        ("up{a}", False),
        ("up{,}", False),
        ('up{a="b"c="d"}', False),
        ('up{1a="b"}', False),
        ('up{a="b\nc"}', False),
        ('{__name__="up"}', False),
        ('up{a="b"} @ 5', False),
    ],
)
def test_only_a_name_with_matchers_is_a_plain_selector(text: str, plain: bool) -> None:  # noqa: FBT001  a table
    """A function, a range or an operator is no series selector."""
    assert plain == is_plain_selector(text)


@given(site=st.text(min_size=1, max_size=12), other=st.text(min_size=1, max_size=12))
def test_a_narrowed_selector_matches_its_site_and_no_other(site: str, other: str) -> None:
    """Whatever the name of a site, the selector parses and its pattern matches that name alone."""
    parsed: Any = promql_parser.parse(for_sites('m{job="x"}', [site]))
    matcher = next(one for one in parsed.matchers.matchers if one.name == "site")

    assert re.fullmatch(matcher.value, site, re.DOTALL)
    assert (site == other) == bool(re.fullmatch(matcher.value, other, re.DOTALL))


@pytest.mark.parametrize(
    ("selector", "narrowed"),
    [
        ("m", 'm{site=~"a|b"}'),
        ("m{}", 'm{site=~"a|b"}'),
        ('m{le="0.2"}', 'm{le="0.2",site=~"a|b"}'),
        ('m{le="0.2",}', 'm{le="0.2",site=~"a|b"}'),
    ],
)
def test_matchers_of_a_selector_stay(selector: str, narrowed: str) -> None:
    """The sites are added to what the selector says already."""
    assert narrowed == for_sites(selector, ["a", "b"])


TOKENS = (
    "up",
    "a",
    "{",
    "}",
    ",",
    "=",
    "!=",
    "=~",
    '"',
    "'",
    '"x"',
    "'y'",
    " ",
    "#",
    "[5m]",
    "(",
    ")",
    "\\",
    "\n",
    "offset",
)


@given(
    text=st.lists(st.sampled_from(TOKENS), max_size=12).map("".join)
    | st.lists(st.sampled_from(TOKENS), max_size=9).map(lambda some: "up{" + "".join(some) + "}")
)
def test_whatever_is_a_plain_selector_parses_alone_and_narrowed(text: str) -> None:
    """Prometheus reads every accepted text as a series selector, with the sites added and without."""
    for query in (text, for_sites(text, ["edge-1", 'a"b'])) if is_plain_selector(text) else ():
        parsed = promql_parser.parse(query)

        assert isinstance(parsed, promql_parser.VectorSelector)
        assert (parsed.offset, parsed.at) == (None, None)


@pytest.mark.parametrize("site", ["a|b", ".*", 'x"} or up{y="', "a\\", "ä ö", "$1", "{{site}}", "a\nb", "(?i)a", "^a$"])
def test_a_hostile_name_is_a_name(site: str) -> None:
    """A name that is written like a query or an expression matches itself; nothing around it changes."""
    parsed: Any = promql_parser.parse(for_sites('m{job="x"}', [site, "edge-1"]))
    found = {one.name: one.value for one in parsed.matchers.matchers}

    assert ("m", "x", {"job", "site"}) == (parsed.name, found["job"], set(found))
    assert [bool(re.fullmatch(found["site"], name)) for name in (site, "edge-1", "edge-11", "ab", "")] == [
        True, True, False, False, False,
    ]  # fmt: skip
