"""The answer of a site that does not answer just now: for people, for programs, and without a word on why."""

from __future__ import annotations

import json
from html import escape
from typing import Any

import web

from giveaminute.webapp.headers import put

STATUS = "503 Service Unavailable"
CLOSED = "This site is being updated. Please try again in a moment."
READING_ONLY = "This site is being updated: until that is done it can be read, but nothing can be changed."

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Back in a moment</title>
<style>
body {{ font: 1.125rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 0 1rem; }}
h1 {{ font-size: 1.75rem; }}
</style>
</head>
<body>
<main>
<h1>Back in a moment</h1>
<p>{message}</p>
</main>
</body>
</html>
"""


def unavailable(message: str, retry_after: int) -> Any:
    """The web.HTTPError to raise, for the request at hand. `retry_after`: seconds."""
    as_json = prefers_json(web.ctx.env.get("HTTP_ACCEPT", ""))
    body = json.dumps({"status": 503, "error": message}) + "\n" if as_json else _PAGE.format(message=escape(message))
    put(
        {
            "Content-Type": f"{'application/json' if as_json else 'text/html'}; charset=utf-8",
            "Content-Length": str(len(body.encode("utf-8"))),
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Cache-Control": "no-store",
            "Retry-After": str(retry_after),
            "Vary": "Accept",
            "X-Content-Type-Options": "nosniff",
        }
    )
    return web.HTTPError(STATUS, {}, "" if web.ctx.method == "HEAD" else body)


def prefers_json(accept: str) -> bool:
    """Whether an Accept header (RFC 9110, 12.5.1) asks for JSON rather than for HTML; a wildcard asks for neither."""
    json_weight = html_weight = 0.0
    for each in accept.lower().split(","):
        kind, _, parameters = each.partition(";")
        weight = _weight(parameters)
        if kind.strip() == "application/json" or kind.strip().endswith("+json"):
            json_weight = max(json_weight, weight)
        elif kind.strip() in ("text/html", "application/xhtml+xml"):
            html_weight = max(html_weight, weight)
    return json_weight > html_weight


def _weight(parameters: str) -> float:
    for each in parameters.split(";"):
        name, _, value = each.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
