"""Series selectors taken apart: which labels they ask for, which series they meet, and how a job is put into one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from sankofa_observe.adapters.spec_selector import MATCHER


@dataclass(frozen=True, kw_only=True)
class Matcher:
    label: str
    sign: str
    value: str

    def meets(self, text: str) -> bool:
        """As Prometheus has it: an absent label is an empty text, a pattern meets the whole of it."""
        same = text == self.value if self.sign in {"=", "!="} else re.fullmatch(self.value, text) is not None
        return same == (self.sign in {"=", "=~"})


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A selector: a metric's name, and what its labels must be."""

    metric: str
    matchers: tuple[Matcher, ...]

    @staticmethod
    def of(selector: str) -> Asked:
        """Of what is a plain series selector."""
        metric, _, rest = selector.partition("{")
        found = MATCHER.findall(rest)
        matchers = tuple(Matcher(label=label, sign=sign, value=_text(text)) for label, sign, text in found)
        return Asked(metric=metric.strip(), matchers=matchers)

    def without(self, labels: Collection[str]) -> Asked:
        """The same, whatever these labels are."""
        return replace(self, matchers=tuple(one for one in self.matchers if one.label not in labels))

    def meets(self, labels: Mapping[str, str]) -> bool:
        return all(one.meets(labels.get(one.label, "")) for one in self.matchers)


def of_job(selector: str, job: str) -> str:
    """The selector narrowed to the series of one job."""
    metric, _, rest = selector.partition("{")
    matchers = rest.strip().removesuffix("}").strip().removesuffix(",")
    return f'{metric.strip()}{{job="{job}"{"," if matchers else ""}{matchers}}}'


def _text(quoted: str) -> str:
    """What stands between quotes; the escapes that selectors of this catalogue need are those of JSON."""
    inner = quoted[1:-1]
    return str(json.loads(f'"{inner}"')) if "\\" in inner else inner
