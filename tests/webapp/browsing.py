"""A real headless Chromium for tests, and a web.py application served to it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import pytest
import web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

MISSING = "no Chromium here: apt-get install chromium"
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREENSHOTS = "SCREENSHOTS"
"""The variable with a folder for screenshots, for those who want to look at them."""


def chromium() -> str:
    """The program; skips the test where there is none."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip(MISSING)
    return found


@contextmanager
def browser() -> Iterator[Browser]:
    """One for all pages of a test file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium(), args=list(ARGUMENTS))
        try:
            yield launched
        finally:
            launched.close()


class Tab:
    """A page that remembers what the browser complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def seen(self, name: str) -> None:
        """Keep a screenshot where somebody wants one."""
        if folder := os.environ.get(SCREENSHOTS):
            self.page.screenshot(path=f"{folder}/{name}.png", full_page=True)


@contextmanager
def tab(browser: Browser, *, size: str = "desk", scheme: Any = "light", **options: Any) -> Iterator[Tab]:
    """A tab of its own, without cookies of others; the block ends with the browser having nothing to complain of."""
    width, height = WIDTHS[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **options)
    try:
        made = Tab(context.new_page())
        yield made
        assert made.complaints == []
    finally:
        context.close()


@contextmanager
def served(application: Any) -> Iterator[str]:
    """The application's address while it is served, on a free port."""
    server = web.httpserver.WSGIServer(("127.0.0.1", 0), application.wsgifunc())
    server.shutdown_timeout = 1
    server.prepare()
    thread = threading.Thread(target=server.serve, name="served", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}"
    finally:
        server.stop()
        thread.join(10)
