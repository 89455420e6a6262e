"""What every runbook says alike, and whether its author has seen the rule as it is.

The end of a page is written from the alert: whether to silence it, and the rule itself. Its head holds a hash of the expression and of
all recorded series that it leans on: when a rule changes, its page is read again before the build is well.
`python -m sankofa_rules.runbooks --write | --check | --reviewed NAME...`
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from . import book
from .rule import Alert, Record

PAGES = Path(__file__).parents[2] / "docs" / "runbooks"
MADE = "<!-- From here on written by python -m sankofa_rules.runbooks --write -->"
_RECORDED = re.compile(r"sankofa:\w+:\w+")
_HEAD = re.compile(r"\A---\nreviewed: (\w*)\n---\n")

_SILENCE = """\
Do not silence it while it fires: an alert that ends under a silence is never sent as *resolved*, and the receiver shows it as open
for ever. Acknowledge it at the receiver instead."""
_SILENCE_TICKET = """\
A ticket wakes nobody: leave it open until it is mended. Do not silence it while it fires: an alert that ends under a silence is never
sent as *resolved*, and the receiver shows it as open for ever."""
_EXCLUDE = """\
Work that is planned is an exclusion, which two people make beforehand; it takes the time out of the promise, and silences its alerts
([how](../how-to/plan-maintenance.md)):

```sh
sankofa-observe exclusions propose --config sankofa.yaml --site SITE --from 2027-01-10T02:00 --for 2h --zone UTC --reason "firmware, CHG-7"
```

What has begun cannot be excluded afterwards: an agreement wants its notice."""
_NOTHING_TO_EXCLUDE = "No promise hangs on it, so there is nothing to exclude."


def fingerprint(alert: Alert, rules: Iterable[Record | Alert]) -> str:
    """Twelve hex digits over the expression and those of all recorded series that it leans on, however far."""
    recorded: dict[str, list[str]] = {}
    for rule in rules:
        if isinstance(rule, Record):
            recorded.setdefault(rule.record, []).append(rule.expr)
    seen: dict[str, list[str]] = {}
    waiting = _RECORDED.findall(alert.expr)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = recorded.get(name, [])
            waiting += [found for expr in seen[name] for found in _RECORDED.findall(expr)]
    text = "\n".join(
        [alert.expr, f"{alert.for_seconds}", *(f"{name} {expr}" for name in sorted(seen) for expr in seen[name])]
    )
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def made(alert: Alert) -> str:
    """The end of a page."""
    document = alert.document()
    paged = alert.severity == "page"
    exclude = _EXCLUDE if alert.scope in {"site", "system"} and "site" not in alert.identity else _NOTHING_TO_EXCLUDE
    facts = [f"A {alert.severity} of kind {alert.kind}"]
    if "for" in document:
        facts.append(f"it must hold for {document['for']}")
    if "fault_to_page" in document["annotations"]:
        facts.append(f"a fault pages within {document['annotations']['fault_to_page']} s")
    return "\n\n".join(
        (
            MADE,
            "## Silence or exclude?",
            _SILENCE if paged else _SILENCE_TICKET,
            exclude,
            "## The rule",
            "; ".join(facts) + ".",
            f"```promql\n{alert.expr}\n```\n",
        )
    )


def renewed(text: str, alert: Alert) -> str:
    """The page with its end as the alert says now."""
    return f"{text.partition(MADE)[0].rstrip()}\n\n{made(alert)}"


def reviewed(text: str) -> str:
    """The hash that its author saw, or nothing."""
    head = _HEAD.match(text)
    return head[1] if head else ""


def stale(folder: Path = PAGES) -> Iterator[str]:
    """What is wrong with the pages, each in a sentence that names the next step."""
    rules = tuple(book.rules())
    alerts = {rule.name: rule for rule in rules if isinstance(rule, Alert)}
    pages = {page.stem: page.read_text(encoding="utf-8") for page in folder.glob("*.md")}
    for name in sorted(alerts.keys() - pages):
        yield f"{name}: no runbook; write {folder.name}/{name}.md"
    for name in sorted(pages.keys() - alerts):
        yield f"{name}: a runbook without an alert; remove {folder.name}/{name}.md"
    for name in sorted(alerts.keys() & pages):
        if renewed(pages[name], alerts[name]) != pages[name]:
            yield f"{name}: its runbook's end is old; run python -m sankofa_rules.runbooks --write"
        if reviewed(pages[name]) != (now := fingerprint(alerts[name], rules)):
            yield f"{name}: its rule is {now}, its runbook was read for {reviewed(pages[name]) or 'none'}; read it, then run python -m sankofa_rules.runbooks --reviewed {name}"


def write(folder: Path = PAGES, *, read: Iterable[str] = ()) -> None:
    """Write the ends of all pages, and into the heads of those that were read what they were read for."""
    rules, names = tuple(book.rules()), frozenset(read)
    alerts: Mapping[str, Alert] = {rule.name: rule for rule in rules if isinstance(rule, Alert)}
    if unknown := sorted(names - alerts.keys()):
        raise SystemExit(f"{unknown[0]}: no alert of this name")
    for page in sorted(folder.glob("*.md")):
        if (alert := alerts.get(page.stem)) is None:
            continue
        text = renewed(page.read_text(encoding="utf-8"), alert)
        if page.stem in names:
            text = f"---\nreviewed: {fingerprint(alert, rules)}\n---\n" + _HEAD.sub("", text)
        page.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """0 when written or well, 1 when a page is missing, old or unread."""
    parser = argparse.ArgumentParser(prog="python -m sankofa_rules.runbooks", description=__doc__)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true", help="write the ends of all pages")
    action.add_argument(
        "--check", action="store_true", help="exit 1 when a page is missing, old, or not read since its rule changed"
    )
    action.add_argument(
        "--reviewed", nargs="+", metavar="NAME", help="pages that were read for their rules as they are"
    )
    options = parser.parse_args(arguments)
    if not options.check:
        write(read=options.reviewed or ())
        return 0
    wrong = list(stale())
    for line in wrong:
        sys.stderr.write(f"{line}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
