"""Show the status page of the database in a browser, until Ctrl-C."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from giveaminute.errors import Terminated, UsageError
from giveaminute.management.command import DATABASE, REPOSITORY, Option

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings

PORT = 8017
HOST = "127.0.0.1"

OPTIONS = (
    Option("port", f"The port to listen on (default: {PORT}; 0: any that is free)."),
    Option("host", f"The address to listen on (default: {HOST}; others can reach any else, and need a token)."),
    *DATABASE,
    REPOSITORY,
)


@dataclass(frozen=True)
class Served:
    """Where the page was."""

    address: str


def execute(settings: Settings, console: Console, port: object = None, host: str = HOST) -> Served:
    """Answer until Ctrl-C or SIGTERM comes, which is no error."""
    from giveaminute.webapp.page_settings import read_page_settings
    from giveaminute.webapp.serving import serve

    page = read_page_settings(settings.config)
    if not page.token:
        page = replace(page, loopback=True)
    addresses: list[str] = []

    def ready(address: str) -> None:
        addresses.append(address)
        console.say(f"{settings.url.name}: {address} (Ctrl-C ends it)")
        if page.token:
            console.say("  It asks for the token of status_page: in config.yaml, or of GIVEAMINUTE_STATUS_TOKEN.")

    try:
        serve(settings, page, str(host), _port(port), ready)
    except (KeyboardInterrupt, Terminated):
        if not addresses:
            raise
    return Served(addresses[0])


def _port(text: object) -> int:
    if text is None:
        return PORT
    if not (str(text).isascii() and str(text).isdigit() and int(str(text)) <= 65535):
        raise UsageError(f"--port «{text}» is no port.", f"Give one from 1024 to 65535, such as --port {PORT}.")
    return int(str(text))


def show(result: Served, console: Console) -> None:
    """That it has ended."""
    console.say("Ended.")
