"""The page at `/`: what this is, which routes there are, how a key is sent. A function of the code alone, the same for everybody.

It never shows a tenant, an id or a record, and needs no key: whoever reads it learns what the OpenAPI document says as well. No
script, no address of another host; one style element, named by its hash in the content security policy.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from importlib.metadata import version
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #4c5768; --line: #cbd3de; --link: #0b5cad; --code: #eef1f5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e9f0; --soft: #aab4c2; --line: #3a4556; --link: #7db8f5; --code: #232c39; }
  body { background: #141a22; }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 48rem; padding: 1.5rem 1rem 3rem; color: var(--ink); }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; } p, dd { color: var(--soft); }
a { color: var(--link); } code { background: var(--code); border-radius: 3px; padding: .1em .3em; overflow-wrap: anywhere; }
pre { background: var(--code); border-radius: 3px; padding: .75rem; white-space: pre-wrap; } pre code { padding: 0; }
dl { margin: 0; } dt { border-top: 1px solid var(--line); padding-top: .5rem; } dd { margin: .1rem 0 .6rem; }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_EXAMPLE = """\
# key-header: one line, for your eyes alone (chmod 600), so that the key stands on no command line
# Authorization: Bearer skn_…
curl -s -H @key-header {path}"""


def page(document: Mapping[str, Any]) -> str:
    """The HTML text; `document` is the API's OpenAPI description."""
    rows = "".join(_row(*one) for one in _routes(document))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>Sankofa Observe API</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>Sankofa Observe API</h1><p>Version {escape(version('sankofa-observe'))}. Your agreements, how their periods were "
        "judged, what was settled, and your service credits, with the evidence from which each is recomputed. It reads; "
        "it changes nothing.</p>"
        "<h2>With your key</h2><p>Everything under <code>/v1</code> answers to your key, and shows what is yours. The key comes "
        f"from your provider.</p><pre><code>{escape(_EXAMPLE.format(path='…/v1/credits'))}</code></pre>"
        "<p>Without a key, or with one that is not valid: 401. An id that is not yours answers as one that does not "
        "exist: 404. Errors are <code>application/problem+json</code>.</p>"
        f"<h2>Routes</h2><dl>{rows}</dl>"
        '<h2>For programs</h2><p><a href="/openapi.json">/openapi.json</a>: every route, parameter and answer as an OpenAPI '
        "document.</p></main></body></html>"
    )


def _routes(document: Mapping[str, Any]) -> Iterator[tuple[str, str, bool]]:
    """Path, what it answers, and whether it needs a key."""
    for path, operations in document["paths"].items():
        for operation in operations.values():
            yield path, operation.get("description") or operation["summary"], bool(operation.get("security"))


def _row(path: str, text: str, locked: bool) -> str:  # noqa: FBT001
    shown = f"<code>{escape(path)}</code>"
    name = shown if locked or "{" in path else f'<a href="{escape(path)}">{shown}</a>'
    return f"<dt>GET {name}{' with your key' if locked else ''}</dt><dd>{_words(text)}</dd>"


def _words(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
