"""Who may see the status page: judged by a request alone, as WSGI tells it (PEP 3333).

Behind a proxy every peer is this machine. So a request counts as one from here only when nothing in it says that it
was passed on, and when it asked for this machine by name (else a foreign web page could, by DNS rebinding).
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import time
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from giveaminute.webapp.page_settings import PageSettings

COOKIE = "migrations_page"
LIFETIME = 12 * 3600
"""Seconds that a browser stays signed in."""

Environ = Mapping[str, Any]

_PASSED_ON = ("HTTP_FORWARDED", "HTTP_VIA", "HTTP_X_REAL_IP", "HTTP_CLIENT_IP", "HTTP_TRUE_CLIENT_IP")


class Verdict(Enum):
    """What a request gets: the page, a form that asks for the token, a refusal with the reason, or nothing at all."""

    ADMITTED = "admitted"
    UNKNOWN = "unknown"
    NOT_FROM_HERE = "not from here"
    OFF = "off"


def judged(allowed: PageSettings, environ: Environ, now: float | None = None) -> Verdict:
    """Whether this request may see the page. `now`: Unix time."""
    if not allowed.token and not allowed.loopback:
        return Verdict.OFF
    if allowed.token and (_bears(allowed.token, environ) or _signed_in(allowed.token, environ, now)):
        return Verdict.ADMITTED
    if allowed.loopback and is_from_here(environ):
        return Verdict.ADMITTED
    return Verdict.UNKNOWN if allowed.token else Verdict.NOT_FROM_HERE


def is_signed_in(allowed: PageSettings, environ: Environ) -> bool:
    """Whether it comes from a browser that can sign out."""
    return bool(allowed.token) and _signed_in(allowed.token, environ, None)


def is_from_here(environ: Environ) -> bool:
    """Whether a program on this machine asked, by this machine's name and through no proxy.

    HTTP/1.0 is what nginx passes on unless told otherwise (its manual, proxy_http_version), without any other sign.
    """
    passed_on = any(name in _PASSED_ON or name.startswith("HTTP_X_FORWARDED") for name in environ)
    if passed_on or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return False
    return is_loopback(str(environ.get("REMOTE_ADDR") or "")) and is_loopback(_host(environ), named=True)


def is_loopback(text: str, *, named: bool = False) -> bool:
    """Whether an address is this machine's own; with `named` also its usual name."""
    if named and text.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _host(environ: Environ) -> str:
    """The name that was asked for, without port and brackets; empty where there is none, or no proper one."""
    try:
        return urlsplit(f"//{environ.get('HTTP_HOST') or ''}").hostname or ""
    except ValueError:
        return ""


def is_same_origin(environ: Environ) -> bool:
    """Whether a form was sent by a page of our own, or by no browser: a browser says where it comes from.

    Fetch Metadata, which no page can forge, is there on https and localhost (W3C, «Fetch Metadata Request Headers»).
    """
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site is not None:  # the browser's own judgement, which holds too where a proxy asks us by another name
        return site in ("same-origin", "none")
    origin = environ.get("HTTP_ORIGIN")
    return origin is None or str(origin).lower() in _own_origins(environ)


def _own_origins(environ: Environ) -> tuple[str, ...]:
    host = str(environ.get("HTTP_HOST") or "").lower()
    return (f"http://{host}", f"https://{host}") if host else ()


def is_right(token: str, given: str) -> bool:
    """Compare in a time that tells nothing of the token."""
    return hmac.compare_digest(_digest(token), _digest(given))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _bears(token: str, environ: Environ) -> bool:
    """RFC 6750, «Authorization Request Header Field»."""
    scheme, _, given = str(environ.get("HTTP_AUTHORIZATION") or "").partition(" ")
    return scheme.lower() == "bearer" and is_right(token, given.strip())


def signed(token: str, until: int) -> str:
    """What the cookie holds: until when (Unix time), sealed with the token, which is not in it."""
    seal = hmac.new(token.encode(), f"{COOKIE} {until}".encode(), hashlib.sha256).hexdigest()
    return f"{until}.{seal}"


def cookie(token: str, environ: Environ, path: str, now: float | None = None) -> str:
    """The header that signs a browser in; with an empty token it signs it out."""
    until = int(time.time() if now is None else now) + LIFETIME
    value, age = (signed(token, until), LIFETIME) if token else ("", 0)
    secure = "; Secure" if _is_https(environ) else ""
    return f"{COOKIE}={value}; Path={path}; Max-Age={age}; HttpOnly; SameSite=Strict{secure}"


def _is_https(environ: Environ) -> bool:
    return "https" in (environ.get("wsgi.url_scheme"), environ.get("HTTP_X_FORWARDED_PROTO"))


def _signed_in(token: str, environ: Environ, now: float | None) -> bool:
    return any(_is_good(value, token, time.time() if now is None else now) for value in _cookies(environ))


def _cookies(environ: Environ) -> Iterator[str]:
    """Those of our name. By hand: http.cookies gives up at one that another application wrote badly."""
    for each in str(environ.get("HTTP_COOKIE") or "").split(";"):
        name, _, value = each.strip().partition("=")
        if name == COOKIE:
            yield value


def _is_good(value: str, token: str, now: float) -> bool:
    until = value.partition(".")[0]
    if not (until.isascii() and until.isdigit()) or len(until) > 12:
        return False
    return hmac.compare_digest(_digest(value), _digest(signed(token, int(until)))) and int(until) > now
