"""Plain selectors, and how one is narrowed to sites."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sankofa_observe.slo.indicator import (
    Combine,
    CompositeIndicator,
    LevelIndicator,
    Operator,
    RatioIndicator,
    Rule,
    StateIndicator,
    Together,
    for_sites,
    is_plain_selector,
)


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
        ('m{le="1"}', 'm{le=~"1([.]0)?",site=~"a|b"}'),
        ('m{le="1.0"}', 'm{le=~"1([.]0)?",site=~"a|b"}'),
        ("m{ le = '10' , job='x'}", """m{le=~"10([.]0)?" , job='x',site=~"a|b"}"""),
        ("""m{a="le='1'"}""", """m{a="le='1'",site=~"a|b"}"""),
        ("""m{a="x\\" le='1'",le='2'}""", """m{a="x\\" le='1'",le=~"2([.]0)?",site=~"a|b"}"""),
        ('m{le="+Inf"}', 'm{le="+Inf",site=~"a|b"}'),
        ('m{le="1.05"}', 'm{le="1.05",site=~"a|b"}'),
        ('m{le!="1"}', 'm{le!="1",site=~"a|b"}'),
        ('m{mobile="1"}', 'm{mobile="1",site=~"a|b"}'),
    ],
)
def test_matchers_of_a_selector_stay(selector: str, narrowed: str) -> None:
    """The sites are added to what the selector says already; a bucket's whole bound is met as 1 and as 1.0."""
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
    "le=",
    "'1'",
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


ALL, ANY, TWO = Combine(), Combine(rule=Rule.ANY), Combine(rule=Rule.AT_LEAST, at_least=2)
COMBINED: list[tuple[Combine, list[bool | None], bool | None]] = [
    (ALL, [True, True], True),
    (ALL, [True, False], False),
    (ALL, [False, None], False),
    (ALL, [True, None], None),
    (ALL, [None], None),
    (ALL, [], None),
    (ANY, [False, True], True),
    (ANY, [None, True], True),
    (ANY, [False, None], None),
    (ANY, [False, False], False),
    (ANY, [], None),
    (TWO, [True, True, False], True),
    (TWO, [True, None, False], None),
    (TWO, [True, False, False], False),
    (TWO, [None, None], None),
    (TWO, [True], None),
    (TWO, [], None),
]


@pytest.mark.parametrize(("combine", "states", "whole"), COMBINED)
def test_sources_are_combined_as_far_as_they_are_known(
    combine: Combine,
    states: list[bool | None],
    whole: bool | None,  # noqa: FBT001  a table
) -> None:
    """A source that is not known decides nothing that the others have decided, and everything else is unknown."""
    assert combine.of(states) is whole


SELECTORS = [
    (StateIndicator(up="a", known="b"), ("a", "b")),
    (LevelIndicator(level="a", operator=Operator.LT, bound=Decimal(1)), ("a",)),
    (RatioIndicator(good="a", valid="b"), ("a", "b")),
    (CompositeIndicator(together=Together.ALL, weights={"a": 1}), ()),
]


@pytest.mark.parametrize(("indicator", "selectors"), SELECTORS)
def test_an_indicator_names_what_it_reads(
    indicator: StateIndicator | LevelIndicator | RatioIndicator | CompositeIndicator, selectors: tuple[str, ...]
) -> None:
    """A composite reads nothing of its own."""
    assert indicator.selectors() == selectors


@pytest.mark.parametrize(
    ("good", "valid", "one"),
    [
        ('a{code="200"}', "a", True),
        ("a", "a{}", True),
        ('a_bucket{le="1"}', "a_count", False),
        ("a", "ab", False),
    ],
)
def test_one_metric_is_told_from_two(good: str, valid: str, one: bool) -> None:  # noqa: FBT001  a table
    """Of one metric a missing good series means that nothing was good."""
    assert RatioIndicator(good=good, valid=valid).one_metric is one


@pytest.mark.parametrize(
    ("together", "wanted_ppm"), [(Together.ALL, 1_000_000), (Together.ANY, 1), (Together.WEIGHTED, 750_000)]
)
def test_a_composite_wants_a_share_of_its_weight(together: Together, wanted_ppm: int) -> None:
    """All of it, the least bit, or what the spec says."""
    assert CompositeIndicator(together=together, weights={"a": 1}, share_ppm=750_000).wanted_ppm == wanted_ppm
