"""The status page and the guard as a person meets them: in a real browser, before, during and after an upgrade."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import web

from giveaminute.management import call_command
from giveaminute.settings import Settings, parse_url
from giveaminute.versioning.database import opened
from giveaminute.webapp.guard import guard
from giveaminute.webapp.page_settings import PageSettings
from giveaminute.webapp.policy import Policy
from giveaminute.webapp.serving import application
from giveaminute.webapp.site import Site
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server
from tests.webapp.browsing import SCHEMES, WIDTHS, Tab, browser, served, tab

if TYPE_CHECKING:
    from playwright.sync_api import Browser

EVIL = "<script>document.title = 'broken out'</script>"
TOKEN = "a-token-that-nobody-guesses"
SLOW = "".join(f"INSERT INTO person (id, name) SELECT {number}, SLEEP(0.5);\n" for number in range(1, 11))
PEOPLE = "CREATE TABLE person (id INT NOT NULL PRIMARY KEY, name VARCHAR(80))"
SCRIPTS = {
    "001_People_default_upgrade.sql": PEOPLE,
    "001_People_default_downgrade.sql": "DROP TABLE person",
    "002_Fill_in_slowly_mysql_upgrade.sql": SLOW,
    "002_Fill_in_slowly_default_upgrade.sql": "INSERT INTO person (id, name) VALUES (1, 'x')",
    "002_Fill_in_slowly_default_downgrade.sql": "DELETE FROM person",
    "003_Add_a_nickname.py": f'''"""{EVIL}"""
import sqlalchemy as sa


def upgrade(op):
    op.add_column("person", sa.Column("nickname", sa.String(40)))


def downgrade(op):
    op.drop_column("person", "nickname")
''',
}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """At version 1 of 3, where it does not matter which database it is."""
    return at_one(f"sqlite:///{tmp_path / 'people.db'}", tmp_path)


@pytest.fixture
def slow(mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Settings:
    """At version 1 of 3, the second of which takes five seconds."""
    return at_one(mariadb_server.url(fresh_database(mariadb_server)), tmp_path)


def at_one(url: str, folder: Path) -> Settings:
    made = Settings(parse_url(url), "test", make_repository(folder / "scripts", SCRIPTS))
    upgrade(made, 1)
    return made


def upgrade(settings: Settings, version: int) -> None:
    call_command("upgrade", url=str(settings.url), repository=str(settings.repository), version=version, no_backup=True)


@contextmanager
def upgrading(settings: Settings, version: int) -> Iterator[threading.Thread]:
    """While somebody else upgrades."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            upgrade(settings, version)
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, name="upgrading")
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
    assert failed == []


@contextmanager
def page_of(settings: Settings, page: PageSettings | None = None) -> Iterator[str]:
    site = Site(settings, page or PageSettings(loopback=True))
    with served(application(settings, site)) as address:
        yield f"{address}/migrations"
    site.close(20)


def in_history(settings: Settings, **values: str) -> None:
    with opened(settings.url, read_only=False) as database:
        for name, value in values.items():
            database.execute(f"UPDATE migrate_history SET {name} = :value", {"value": value})
        database.connection.commit()


def violations(shown: Tab, *schemes: Any) -> list[str]:
    """What axe-core finds fault with, in these colour schemes."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[str] = []
    for scheme in schemes or SCHEMES:
        shown.page.emulate_media(color_scheme=scheme)
        told: dict[str, Any] = Axe().run(shown.page).response
        found += [f"{scheme}: {each['id']}: {node['html']}" for each in told["violations"] for node in each["nodes"]]
    return found


def test_before_during_and_after_an_upgrade(chromium: Browser, slow: Settings) -> None:
    with page_of(slow) as address, tab(chromium) as shown:
        page = shown.page
        page.goto(address)
        assert page.inner_text("h1") == "2 migrations pending"
        assert "INSERT INTO person" in str(page.text_content("#sql-002"))
        shown.seen("before")
        with upgrading(slow, 3) as thread:
            page.wait_for_selector("#bar", timeout=15_000)  # it came by itself
            assert "Add a nickname" in page.inner_text("[aria-labelledby=pending-title]")
            _looks_without_javascript(chromium, address)
            assert violations(shown) == []
            moved = _watched(shown, thread)
            shown.seen("during")
        assert len(moved) >= 2 and moved == sorted(moved), moved
        page.get_by_role("heading", name="Up to date").wait_for(timeout=15_000)
        assert page.inner_text("#version") == "3"
        assert page.locator("#bar").count() == 0
        shown.seen("after")


def _looks_without_javascript(chromium: Browser, address: str) -> None:
    with tab(chromium, java_script_enabled=False) as shown:
        shown.page.goto(address)
        content = shown.page.content()
        assert 'id="bar"' in content and '<meta http-equiv="refresh"' in content


def _watched(shown: Tab, thread: threading.Thread) -> list[float]:
    """The values that the bar came to, one after the other, up to the last but some."""
    values: list[float] = []
    while thread.is_alive() and (not values or values[-1] < 75):
        value = shown.page.evaluate("document.getElementById('bar')?.value ?? null")
        if value is not None and (not values or value != values[-1]):
            values.append(value)
            told = shown.page.inner_text("#running-text")
            assert re.match(r"Statement \d+ of 10|It has not come to a statement yet", told), told
        time.sleep(0.05)
    return values


def test_no_text_of_anybody_becomes_markup(chromium: Browser, settings: Settings) -> None:
    in_history(
        settings, title=EVIL, host=EVIL, user=EVIL, backup=EVIL, error=f"(1062) Duplicate entry for key '{EVIL}'"
    )
    with opened(settings.url, read_only=False) as database:
        database.execute(f'CREATE TABLE "{EVIL}" (id INTEGER PRIMARY KEY, "{EVIL}" VARCHAR(9))')
        database.connection.commit()
    with page_of(settings) as address, tab(chromium) as shown:
        for path in ("", "/source/3", "/diagram"):
            shown.page.goto(f"{address}{path}")
            assert "broken out" not in shown.page.title()
            assert EVIL.split(" = ")[0] in str(shown.page.text_content("main"))
            assert shown.page.locator("main script").count() == 0
            shown.seen(f"evil{path.replace('/', '-')}")


def test_axe_finds_no_fault(chromium: Browser, settings: Settings) -> None:
    in_history(settings, error="(1062) Duplicate entry 'x' for key 'y'", outcome="failed")
    with page_of(settings) as address, tab(chromium) as shown:
        for path in ("", "/diagram", "/source/3"):
            shown.page.goto(f"{address}{path}")
            for closed in shown.page.locator("details").all():
                closed.evaluate("each => { each.open = true }")
            assert violations(shown) == [], path


def test_nothing_is_wider_than_the_screen(chromium: Browser, settings: Settings) -> None:
    in_history(settings, backup="/var/backups/" + "long" * 20, error="(1062) Duplicate entry 'x' for key 'y'")
    with page_of(settings) as address, tab(chromium) as shown:
        for path in ("", "/diagram", "/source/3"):
            shown.page.goto(f"{address}{path}")
            for size, (width, height) in WIDTHS.items():
                shown.page.set_viewport_size({"width": width, "height": height})
                assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, size)
                for scheme in SCHEMES:
                    shown.page.emulate_media(color_scheme=scheme)
                    shown.seen(f"{size}-{scheme}{path.replace('/', '-')}")


def test_a_comparison_is_asked_for_and_told(chromium: Browser, settings: Settings) -> None:
    with opened(settings.url, read_only=False) as database:
        database.execute("ALTER TABLE person ADD COLUMN age INT")
    with page_of(settings) as address, tab(chromium, scheme="dark") as shown:
        shown.page.goto(address)
        shown.page.get_by_role("button", name="Compare now").click()
        shown.page.wait_for_selector(".findings", timeout=15_000)
        assert "age" in shown.page.inner_text(".findings")
        assert "ADD COLUMN nickname" in str(shown.page.text_content("#sql-003"))
        shown.seen("compared")
        shown.page.goto(f"{address}/diagram")
        assert "nickname" in shown.page.inner_text("main .findings")


def test_by_keyboard_alone(chromium: Browser, settings: Settings) -> None:
    with page_of(settings, PageSettings(token=TOKEN)) as address, tab(chromium) as shown:
        page = shown.page
        page.goto(address)
        assert violations(shown) == []
        page.keyboard.type("wrong")
        page.keyboard.press("Enter")
        page.wait_for_selector("#wrong", timeout=5_000)
        shown.seen("sign-in")
        page.keyboard.type(TOKEN)
        page.keyboard.press("Enter")
        page.wait_for_selector("#pending-title")
        assert TOKEN not in page.url + page.content()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.parentElement.open")
        shown.complaints.clear()  # of the answer 401


class Shop:
    """A page of an application."""

    def GET(self) -> str:
        return "<!doctype html><title>Shop</title><link rel='icon' href='data:,'><h1>Open</h1>"


def test_the_guard_closes_the_site_and_opens_it_again_without_a_restart(chromium: Browser, settings: Settings) -> None:
    app = web.application(("/", Shop), {}, autoreload=False)
    app.add_processor(guard(settings, policy=Policy(every=0.2)))
    with served(app) as address, tab(chromium, size="phone") as shown:
        answer = shown.page.goto(address)
        assert answer is not None and answer.status == 503
        assert answer.headers["retry-after"]
        assert shown.page.inner_text("h1") == "Back in a moment"
        shown.seen("guard")
        shown.complaints.clear()  # the browser's own line about the answer 503
        upgrade(settings, 3)
        deadline = time.monotonic() + 20  # the guard looks anew every 0.2 s, in a thread of its own
        while (answer := shown.page.goto(address)) is None or answer.status != 200:
            assert answer is not None and time.monotonic() < deadline
            time.sleep(0.1)
        shown.complaints.clear()
        assert shown.page.inner_text("h1") == "Open"
