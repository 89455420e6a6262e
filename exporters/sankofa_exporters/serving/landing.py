"""The page at `/`: what is probed here, with a link to each target's metrics and timeline."""

from __future__ import annotations

from html import escape
from typing import Any
from urllib.parse import quote

from sankofa_exporters import __version__
from sankofa_exporters.config.settings import Document, Target
from sankofa_exporters.registry import System

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #1c2430; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; } p { color: #556; margin: 0 0 1rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .75rem .35rem 0; }
th { border-bottom: 2px solid #cbd3de; font-weight: 600; } td { border-bottom: 1px solid #e4e8ee; }
a { color: #0b5cad; text-decoration: none; } a:hover { text-decoration: underline; } .muted { color: #667; }
"""


def landing(system: System, document: Document[Any, Any]) -> str:
    rows = "".join(_row(name, target) for name, target in sorted(document.targets.items()))
    empty = "" if rows else "<p>No targets: name some under <code>targets:</code> or in the fleet file.</p>"
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(system.title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(system.title)}</h1>"
        f"<p>Version {escape(__version__)}, {len(document.targets)} target{'' if len(document.targets) == 1 else 's'}. "
        '<a href="/metrics">metrics of this process</a> · <a href="/sd">service discovery</a> · '
        '<a href="/sd/upstream">of upstream endpoints</a></p>'
        f"<table><tr><th>Target</th><th>Module</th><th>Labels</th><th></th></tr>{rows}</table>{empty}</html>"
    )


def _row(name: str, target: Target) -> str:
    query = f"/probe?target={quote(name, safe='')}"
    labels = ", ".join(f"{label}={value}" for label, value in sorted(target.labels.items()))
    return (
        f'<tr><td><a href="{escape(query)}">{escape(name)}</a></td><td>{escape(target.module)}</td>'
        f'<td class="muted">{escape(labels)}</td><td><a href="{escape(query)}&amp;debug=true">timeline</a></td></tr>'
    )
