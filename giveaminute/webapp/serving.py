"""A web server for the status page alone: web.py's own, cheroot, without a log of requests and a folder `static`."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import web

from giveaminute.errors import UsageError
from giveaminute.settings import Settings
from giveaminute.webapp.access import is_loopback
from giveaminute.webapp.health import healthz
from giveaminute.webapp.page_settings import A_TOKEN, TOKEN_VARIABLE, PageSettings
from giveaminute.webapp.site import Site
from giveaminute.webapp.status_page import status_page

PATH = "/migrations"
LAST_CHECK = 20.0
"""Seconds that a check under way has to unmake what it made, when the server ends."""

MOST_HEADERS = 65_536
"""Bytes of a request's headers."""
AN_ADDRESS = "Name an address of this machine with --host, and a port from 1024 up with --port."


class _Home:
    def GET(self) -> str:
        web.ctx.status = "303 See Other"
        web.header("Location", f"{web.ctx.homepath}{PATH}")
        return ""


def application(settings: Settings, site: Site) -> Any:
    """The page at /migrations, /healthz, and a way there from /."""
    mapping = (PATH, status_page(site=site), "/healthz", healthz(settings), "/", _Home)
    return web.application(mapping, {}, autoreload=False)


def serve(settings: Settings, page: PageSettings, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Answer until Ctrl-C or SIGTERM comes; `ready` is told the address. Port 0 is any that is free.

    Raises UsageError for an address that cannot be had, and for one that others reach while there is no token.
    """
    if not (page.token or is_loopback(host, named=True)):
        raise UsageError(
            f"--host {host}: others could reach the page there, and it asks for no token.",
            f"{A_TOKEN}; put it in {TOKEN_VARIABLE}, or in config.yaml as `status_page:` `token:`.",
        )
    site = Site(settings, page)
    server = _server(application(settings, site), host, port)
    try:
        _listen(server, host, port)
        ready(_address(server, host))
        server.serve()
    finally:
        server.stop()
        site.close(LAST_CHECK)


def _server(app: Any, host: str, port: int) -> Any:
    """Not listening yet. What anybody may send before the token is asked for has an end: cheroot keeps it in memory."""
    try:
        server = web.httpserver.WSGIServer((host, port), app.wsgifunc())
    except ValueError as error:  # an empty name, to cheroot
        raise UsageError(f"--host «{host}» is no address.", AN_ADDRESS) from error
    server.max_request_header_size = MOST_HEADERS
    return server


def _listen(server: Any, host: str, port: int) -> None:
    try:
        server.prepare()
    except UnicodeError as error:
        raise UsageError(f"--host «{host}» is no address.", AN_ADDRESS) from error
    except OSError as error:
        if "in use" in str(error).lower() or error.errno == errno.EADDRINUSE:
            raise UsageError(
                f"Port {port} of {host} is in use by another program.",
                f"End that one, or name another port: invoke serve --port {port + 1 if port < 65535 else port - 1}",
            ) from error
        raise UsageError(
            f"{host}, port {port}: cannot be listened on: {error.strerror or error}.",
            AN_ADDRESS,
        ) from error


def _address(server: Any, host: str) -> str:
    port = server.bind_addr[1]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
