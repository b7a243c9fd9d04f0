"""The status page request by request: what it tells, whom, and that it never writes."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from shlex import quote
from typing import Any

import pytest
import web

from giveaminute.errors import SettingsError
from giveaminute.management import call_command
from giveaminute.settings import DEFAULT_REPOSITORY, Settings, parse_url
from giveaminute.versioning.database import opened
from giveaminute.versioning.status import Position
from giveaminute.webapp import access, overview, wording
from giveaminute.webapp.guard import guard
from giveaminute.webapp.health import healthz
from giveaminute.webapp.page_settings import TOKEN_VARIABLE, Checks, PageSettings, read_page_settings
from giveaminute.webapp.policy import Policy, Treatment
from giveaminute.webapp.site import Site
from giveaminute.webapp.standing import Watcher
from giveaminute.webapp.status_page import status_page
from tests.conftest import FreshDatabase
from tests.repositories import make_repository
from tests.servers import Server

TOKEN = "a-token-that-nobody-guesses"
HERE = PageSettings(loopback=True)
SCRIPTS = {
    "001_People_default_upgrade.sql": "CREATE TABLE person (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(80))",
    "001_People_default_downgrade.sql": "DROP TABLE person",
    "002_Rename_Bob_default_upgrade.sql": "UPDATE person SET name = 'Robert' WHERE name = 'Bob';\nDELETE FROM person;",
    "002_Rename_Bob_default_downgrade.sql": "UPDATE person SET name = 'Bob'",
    "003_Note_names.py": """\
loses = {"person.name": "it is noted elsewhere"}


def upgrade(op):
    for (name,) in op.query("SELECT name FROM person"):
        op.execute("UPDATE person SET name = :name", {"name": "Noted " + name})


def downgrade(op):
    pass
""",
}
PAGES = ("", "/", ".json", "/now.json", "/source/1", "/diagram")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


class Visitor:
    """Asks a mounted page, from this machine unless told."""

    def __init__(self, settings: Settings, page: PageSettings = HERE) -> None:
        self.site = Site(settings, page)
        self._app = web.application(("/migrations", status_page(site=self.site)), {}, autoreload=False)

    def ask(self, path: str = "", method: str = "GET", data: Any = None, **environ: str) -> Answer:
        env = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", **environ}
        host = env.pop("HTTP_HOST", "localhost:8080")
        got = self._app.request(f"/migrations{path}", method, data, host, {}, False, env=env)
        headers = {name.lower(): value for name, value in got.header_items}
        return Answer(int(got.status.split()[0]), headers, got.data.decode())

    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.ask(".json").body)
        return found

    def compared(self) -> None:
        """Press the button, and wait for what comes of it."""
        assert self.ask("/check", "POST").status == 303
        self.site.wait(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "scripts", SCRIPTS)


@pytest.fixture
def settings(database_url: str, folder: Path) -> Settings:
    """An empty database of each family."""
    return Settings(parse_url(database_url), "test", folder)


@pytest.fixture
def on_sqlite(tmp_path: Path, folder: Path) -> Settings:
    """At version 1 of 3 with a row, where it does not matter which database it is."""
    made = Settings(parse_url(f"sqlite:///{tmp_path / 'people.db'}"), "test", folder)
    upgrade(made, 1)
    send(made, "INSERT INTO person VALUES (1, 'Bob')")
    return made


def upgrade(settings: Settings, version: int) -> None:
    call_command("upgrade", url=str(settings.url), repository=str(settings.repository), version=version, no_backup=True)


def send(settings: Settings, *statements: str) -> None:
    with opened(settings.url, read_only=False) as database:
        for statement in statements:
            database.execute(statement)
        database.connection.commit()


def everything(settings: Settings) -> dict[str, Any]:
    """Every table with its rows, and of an SQLite file every byte and every file beside it."""
    with opened(settings.url, read_only=True) as database:
        found: dict[str, Any] = {name: database.query(f"SELECT * FROM {name}") for name in database.tables()}
    if settings.url.path:
        file = Path(settings.url.path)
        found["file"] = hashlib.sha256(file.read_bytes()).hexdigest()
        found["files"] = sorted(path.name for path in file.parent.iterdir())
    return found


# It never writes


def test_a_database_that_was_never_under_version_control_is_as_it_was(settings: Settings) -> None:
    send(settings, "CREATE TABLE owned (id INTEGER NOT NULL PRIMARY KEY)", "INSERT INTO owned VALUES (7)")
    before = everything(settings)
    visitor = Visitor(settings)
    for path in PAGES:
        assert visitor.ask(path).status == 200, path
    visitor.compared()
    assert visitor.facts()["state"] == "uncontrolled"
    assert everything(settings) == before


def test_a_database_under_version_control_is_as_it_was_after_a_comparison_too(settings: Settings) -> None:
    upgrade(settings, 1)
    before = everything(settings)
    visitor = Visitor(settings)
    visitor.compared()
    for path in PAGES:
        assert visitor.ask(path).status == 200, path
    assert visitor.facts()["drift"]["findings"] == []
    assert everything(settings) == before


def test_a_user_who_may_only_select_sees_the_page(
    mariadb_server: Server, fresh_database: FreshDatabase, folder: Path
) -> None:
    name = fresh_database(mariadb_server)
    settings = Settings(parse_url(mariadb_server.url(name)), "test", folder)
    upgrade(settings, 1)
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER reader IDENTIFIED BY 'Geheim123'")
        cursor.execute(f"GRANT SELECT ON `{name}`.* TO reader")
    before = everything(settings)
    url = parse_url(f"mysql://reader:Geheim123@{mariadb_server.host}:{mariadb_server.port}/{name}")
    visitor = Visitor(replace(settings, url=url))
    answers = [visitor.ask(path) for path in PAGES]
    assert [answer.status for answer in answers] == [200] * len(PAGES)
    assert visitor.facts()["state"] == "behind"
    assert not any("Geheim" in answer.body + str(answer.headers) for answer in answers)
    assert everything(settings) == before


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path, folder: Path) -> None:
    visitor = Visitor(Settings(parse_url(f"sqlite:///{tmp_path / 'none.db'}"), "test", folder))
    for path in PAGES:
        assert visitor.ask(path).status == 200, path
    assert visitor.facts()["state"] == "behind"
    assert not (tmp_path / "none.db").exists()


# What it tells


def test_where_a_database_stands(settings: Settings) -> None:
    visitor = Visitor(settings)
    assert (visitor.facts()["state"], visitor.facts()["version"]) == ("behind", None)
    upgrade(settings, 3)
    time.sleep(overview.FRESH)
    facts = visitor.facts()
    assert (facts["state"], facts["version"], facts["head"], facts["next_command"]) == ("current", 3, 3, None)
    assert "Up to date" in visitor.ask().body
    send(settings, "UPDATE migrate_version SET version = 9")
    time.sleep(overview.FRESH)
    assert visitor.facts()["state"] == "ahead"
    assert "Ahead of this code" in visitor.ask().body


def test_pending_scripts_with_their_sql(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite)
    renaming, noting = visitor.facts()["pending"]
    assert renaming["statements"] == [
        "UPDATE person SET name = 'Robert' WHERE name = 'Bob'",
        "DELETE FROM person",
    ]
    assert noting["statements"] is None and "Noted" in noting["source"]
    assert noting["loses"] == ["person.name: it is noted elsewhere"]
    body = visitor.ask().body
    assert "UPDATE person SET name = &#39;Robert&#39;" in body and "it is noted elsewhere" in body


def test_the_sql_of_a_python_script_after_a_rehearsal_without_the_rows_it_read(on_sqlite: Settings) -> None:
    send(on_sqlite, "UPDATE migrate_version SET version = 2")
    visitor = Visitor(on_sqlite)
    visitor.compared()
    assert visitor.facts()["pending"][0]["statements"] == ["UPDATE person SET name = …"]
    shown = visitor.ask().body
    assert "UPDATE person SET name = …" in shown and "Noted Bob" not in shown and "values of rows masked" in shown


def test_history_with_who_when_and_backup(settings: Settings) -> None:
    upgrade(settings, 1)
    send(settings, "UPDATE migrate_history SET user = 'ada', host = 'tower', backup = '/b/x.zst', seconds = 61.4")
    visitor = Visitor(settings)
    (run,) = visitor.facts()["history"]
    assert (run["version"], run["outcome"], run["user"], run["backup"]) == (1, "done", "ada", "/b/x.zst")
    body = visitor.ask().body
    assert all(text in body for text in ("ada@tower", "/b/x.zst", "1 min 01 s", run["started"][:16]))


def test_drift_is_found_when_asked_for(settings: Settings) -> None:
    upgrade(settings, 3)
    send(settings, "ALTER TABLE person ADD COLUMN age INTEGER")
    visitor = Visitor(settings)
    assert visitor.facts()["drift"] is None
    visitor.compared()
    drift = visitor.facts()["drift"]
    assert drift["current"] and [finding for finding in drift["findings"] if "age" in finding]
    assert "1 thing was not as promised" in visitor.ask().body


def test_a_comparison_is_made_once_in_some_minutes(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite)
    visitor.compared()
    first = visitor.facts()["drift"]["at"]
    assert "Compare" not in visitor.ask().body and "can be compared again" in visitor.ask().body
    time.sleep(1.1)
    visitor.compared()
    assert visitor.facts()["drift"]["at"] == first


def test_checks_by_themselves_and_not_at_all(on_sqlite: Settings) -> None:
    by_itself = Visitor(on_sqlite, replace(HERE, checks=Checks.AUTO))
    by_itself.ask()
    by_itself.site.wait(60)
    assert by_itself.facts()["drift"] is not None
    never = Visitor(on_sqlite, replace(HERE, checks=Checks.OFF))
    never.compared()
    assert never.facts()["drift"] is None
    assert "Run: python -m giveaminute check --repository" in never.ask().body


@pytest.mark.parametrize(
    ("path", "words"), [("/source/2", "Robert"), ("/source/3", "Noted"), ("/source/1", "DROP TABLE")]
)
def test_the_source_of_each_script(on_sqlite: Settings, path: str, words: str) -> None:
    assert words in Visitor(on_sqlite).ask(path).body


@pytest.mark.parametrize(
    "path", ["/source/4", "/source/0", "/source/x", "/source/../../etc", "x", "/static/x", "/nothing"]
)
def test_what_is_not_there(on_sqlite: Settings, path: str) -> None:
    answer = Visitor(on_sqlite).ask(path)
    assert (answer.status, answer.body) == (404, "There is no such page.\n")
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_a_diagram_of_what_is_and_of_what_comes(on_sqlite: Settings) -> None:
    make_repository(on_sqlite.repository, {**SCRIPTS, "003_Note_names.py": ADD_A_COLUMN})
    visitor = Visitor(on_sqlite)
    assert "<svg" in visitor.ask("/diagram").body and "nickname" not in visitor.ask("/diagram").body
    visitor.compared()
    assert "nickname" in visitor.ask("/diagram").body


def test_many_changes_stand_folded_below_the_diagram(on_sqlite: Settings) -> None:
    """A conversion of all tables changes hundreds of columns."""
    adding = "".join(f"ALTER TABLE person ADD COLUMN c{number} INT;\n" for number in range(30))
    files = {**SCRIPTS, "004_Wide_default_upgrade.sql": adding, "004_Wide_default_downgrade.sql": "SELECT 1;\n"}
    make_repository(on_sqlite.repository, files)
    upgrade(on_sqlite, 3)
    visitor = Visitor(on_sqlite)
    visitor.compared()
    body = visitor.ask("/diagram").body
    assert "<summary>30 changes, in words</summary>" in body and "c29" in body.partition("<summary>")[2]


ADD_A_COLUMN = """\
import sqlalchemy as sa


def upgrade(op):
    op.add_column("person", sa.Column("nickname", sa.String(40)))


def downgrade(op):
    op.drop_column("person", "nickname")
"""


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "mysql://root@127.0.0.1:1/x?connect_timeout=1"])
def test_a_database_out_of_reach_is_told(folder: Path, url: str) -> None:
    visitor = Visitor(Settings(parse_url(url), "test", folder))
    assert [visitor.ask(path).status for path in PAGES] == [200] * len(PAGES)
    assert visitor.facts()["state"] in ("unreachable", "behind")


def test_an_sqlite_file_that_is_locked_is_being_migrated_for_all_one_can_tell(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite)
    with opened(on_sqlite.url, read_only=False) as database:
        database.send("BEGIN EXCLUSIVE")
        assert visitor.facts()["state"] == "migrating" and "locked" in visitor.facts()["words"]
        assert visitor.ask().status == 200
        database.roll_back()
    time.sleep(overview.FRESH)
    assert visitor.facts()["state"] == "behind"


def test_a_rehearsal_that_fails_is_told_without_what_the_script_says(on_sqlite: Settings) -> None:
    telling = SCRIPTS["003_Note_names.py"].replace("op.execute(", "raise ValueError(name)\n        op.execute(")
    make_repository(on_sqlite.repository, {**SCRIPTS, "003_Note_names.py": telling})
    send(on_sqlite, "UPDATE migrate_version SET version = 2", "UPDATE person SET name = 'Zebedee'")
    visitor = Visitor(on_sqlite)
    visitor.compared()
    shown = visitor.ask().body
    assert "In the rehearsal: 003_Note_names.py, line 6" in shown and "ValueError" in shown
    assert "Zebedee" not in shown + visitor.ask(".json").body


def test_scripts_that_contradict_one_another_are_told(on_sqlite: Settings) -> None:
    (on_sqlite.repository / "versions" / "005_Gap.py").write_text("")
    visitor = Visitor(on_sqlite)
    assert [visitor.ask(path).status for path in PAGES[:4]] == [200] * 4
    assert visitor.facts()["state"] == "unknown" and "004 is missing" in visitor.facts()["words"]


def test_many_readers_cost_the_database_one_reading(on_sqlite: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    readings: list[int] = []
    real: Callable[..., Any] = overview.read_overview

    def counted(settings: Settings) -> Any:
        readings.append(1)
        return real(settings)

    monkeypatch.setattr(overview, "read_overview", counted)
    visitor = Visitor(on_sqlite)
    threads = [threading.Thread(target=lambda: visitor.ask("/now.json")) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(readings) <= 2


# What is under way


BACKFILL = """\
import time


def slowly(rows):
    time.sleep(0.1)
    return {key: {"name": "x"} for key in rows}


def upgrade(op):
    op.backfill("person", slowly, columns=["name"], batch=20)


def downgrade(op):
    pass
"""


@contextmanager
def backfilling(settings: Settings) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=lambda: upgrade(settings, 2))
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)


def test_a_backfill_under_way_with_its_rows_and_the_time_left(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    scripts = {name: text for name, text in SCRIPTS.items() if name.startswith("001")}
    folder = make_repository(tmp_path / "slow", {**scripts, "002_Slowly.py": BACKFILL})
    settings = Settings(parse_url(mariadb_server.url(fresh_database(mariadb_server))), "test", folder)
    upgrade(settings, 1)
    send(settings, "INSERT INTO person SELECT seq, 'Bob' FROM seq_1_to_400", "ANALYZE TABLE person")
    visitor, seen, pages = Visitor(settings), [], list[str]()
    with backfilling(settings) as thread:
        while thread.is_alive():
            time.sleep(0.1)
            found = visitor.site.overview()
            if found.underway is not None and found.underway.rows:
                seen.append(found)
                assert "Bob" not in visitor.ask(".json").body
                pages.append(visitor.ask().body)
    rows = [found.underway.rows for found in seen if found.underway is not None and found.underway.rows is not None]
    assert len(set(rows)) >= 2 and rows == sorted(rows)
    assert any(found.seconds_left is not None and 0 < found.seconds_left < 30 for found in seen)
    last = seen[-1]
    assert last.holder is not None and last.holder.command.startswith("upgrade")
    assert last.underway is not None and last.underway.rows_about and last.underway.statement == 1
    assert f"<code>{escape(last.underway.text or '')}</code>" in pages[0] and "UPDATE" in pages[0]


def test_a_stopped_run_is_told_without_the_values_of_its_rows(
    mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    broken = "INSERT INTO person VALUES (1, 'Bob');\nINSERT INTO person VALUES (1, 'Bob');"
    folder = make_repository(
        tmp_path / "broken",
        {
            **{name: text for name, text in SCRIPTS.items() if name.startswith("001")},
            "002_Break_default_upgrade.sql": broken,
            "002_Break_default_downgrade.sql": "DELETE FROM person",
        },
    )
    settings = Settings(parse_url(mariadb_server.url(fresh_database(mariadb_server))), "test", folder)
    with pytest.raises(Exception, match="Duplicate entry"):
        upgrade(settings, 2)
    visitor = Visitor(settings)
    facts = visitor.facts()
    assert facts["state"] == "half-applied" and "Duplicate entry '…' for key" in facts["words"]
    assert facts["history"][0]["outcome"] == "stopped"
    shown = visitor.ask().body.replace(broken, "")
    assert "INSERT INTO person VALUES (…, …)" in shown
    assert "Bob" not in visitor.ask().body.split('id="history-title"')[1]


# Who may see it


def refused(visitor: Visitor, **environ: str) -> set[int]:
    return {visitor.ask(path, **environ).status for path in PAGES}


def test_it_is_off_unless_something_turns_it_on(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings())
    assert refused(visitor) == {404}
    assert visitor.ask("/static/status.css").status == 404
    for path in ("", "/sign-in", "/sign-out", "/check", "/now.json"):
        for method in ("GET", "POST", "PUT", "OPTIONS"):
            answer = visitor.ask(path, method, {"token": ""}, HTTP_ORIGIN="http://elsewhere.example.org")
            assert (answer.status, answer.headers.get("set-cookie")) == (404, None)


@pytest.mark.parametrize(
    "environ",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_FORWARDED": "for=127.0.0.1"},
        {"HTTP_X_REAL_IP": "127.0.0.1"},
        {"HTTP_VIA": "1.1 proxy"},
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"HTTP_HOST": "rebound.example.org"},
        {"HTTP_HOST": ""},
        {"HTTP_HOST": "[::1"},
    ],
)
def test_on_this_machine_only_means_no_proxy_and_no_other_name(on_sqlite: Settings, environ: dict[str, str]) -> None:
    visitor = Visitor(on_sqlite)
    assert refused(visitor, **environ) == {403}
    assert visitor.ask("/check", "POST", **environ).status == 403
    assert not visitor.site.checking


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1:80", "[::1]:8080"])
def test_this_machine_by_all_its_names(address: str, host: str) -> None:
    assert access.is_from_here({"REMOTE_ADDR": address, "HTTP_HOST": host, "SERVER_PROTOCOL": "HTTP/1.1"})


def test_a_token_is_asked_for_everywhere(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    assert refused(visitor) == {401}
    assert refused(visitor, HTTP_AUTHORIZATION="Bearer wrong") == {401}
    assert refused(visitor, HTTP_AUTHORIZATION=f"Basic {TOKEN}") == {401}
    assert refused(visitor, HTTP_AUTHORIZATION=f"Bearer {TOKEN}x", REMOTE_ADDR="192.0.2.7") == {401}
    answer = visitor.ask()
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert json.loads(visitor.ask(".json").body) == {"error": "unknown"}
    assert "person" not in answer.body and on_sqlite.url.name not in answer.body
    assert visitor.ask("/static/status.css").status == 200


def test_with_the_token_from_anywhere(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    through_a_proxy = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7", "HTTP_HOST": "city.example.org"}
    assert refused(visitor, HTTP_AUTHORIZATION=f"Bearer {TOKEN}", **through_a_proxy) == {200}


def signed_in(visitor: Visitor, **environ: str) -> Answer:
    return visitor.ask("/sign-in", "POST", {"token": TOKEN}, **environ)


def test_signing_in_and_out(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    wrong = visitor.ask("/sign-in", "POST", {"token": "wrong-but-long-enough"})
    assert wrong.status == 401 and "set-cookie" not in wrong.headers
    answer = signed_in(visitor)
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303 and answer.headers["location"] == "/migrations"
    assert all(word in cookie for word in ("HttpOnly", "SameSite=Strict", "Path=/")) and "Secure" not in cookie
    assert TOKEN not in cookie
    assert refused(visitor, HTTP_COOKIE=cookie.partition(";")[0]) == {200}
    assert "Sign out" in visitor.ask(HTTP_COOKIE=cookie.partition(";")[0]).body
    assert "Max-Age=0" in visitor.ask("/sign-out", "POST").headers["set-cookie"]


def test_behind_https_the_cookie_is_for_https_only(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    assert "Secure" in signed_in(visitor, HTTP_X_FORWARDED_PROTO="https").headers["set-cookie"]


@pytest.mark.parametrize("value", ["", "x", "9999999999.0", "99999999999999999999.x", "-1.x", "٣.x"])
def test_a_forged_cookie_opens_nothing(on_sqlite: Settings, value: str) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    assert refused(visitor, HTTP_COOKIE=f"{access.COOKIE}={value}") == {401}


def test_a_cookie_is_good_for_its_time_and_its_token() -> None:
    environ = {"HTTP_COOKIE": f"{access.COOKIE}={access.signed(TOKEN, 1000)}"}
    assert access.judged(PageSettings(token=TOKEN), environ, now=999) is access.Verdict.ADMITTED
    assert access.judged(PageSettings(token=TOKEN), environ, now=1001) is access.Verdict.UNKNOWN
    assert access.judged(PageSettings(token=f"{TOKEN}2"), environ, now=999) is access.Verdict.UNKNOWN


@pytest.mark.parametrize("others", ['consent={"all": true}', "name=J\xc3\xb6rg", "a b", f"{access.COOKIE}=1.old", "="])
def test_cookies_of_others_do_not_hide_ours(on_sqlite: Settings, others: str) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    ours = signed_in(visitor).headers["set-cookie"].partition(";")[0]
    assert (
        refused(visitor, HTTP_COOKIE=f"{others}; {ours}") == refused(visitor, HTTP_COOKIE=f"{ours};{others}") == {200}
    )


def test_signing_in_through_a_proxy_that_asks_by_another_name(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN))
    asked = {"HTTP_HOST": "127.0.0.1:8080", "HTTP_ORIGIN": "https://city.example.org"}
    assert signed_in(visitor, **asked, HTTP_SEC_FETCH_SITE="same-origin").status == 303
    refusal = signed_in(visitor, **asked)  # over plain HTTP it cannot be told from another site's page
    assert refusal.status == 403 and "proxy_set_header Host $host" in refusal.body


@pytest.mark.parametrize(
    "environ",
    [
        {"HTTP_ORIGIN": "https://evil.example.org"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_ORIGIN": "http://["},
        {"HTTP_SEC_FETCH_SITE": "cross-site"},
        {"HTTP_SEC_FETCH_SITE": "same-site", "HTTP_ORIGIN": "http://localhost:8080"},
    ],
)
def test_no_page_of_another_site_presses_a_button(on_sqlite: Settings, environ: dict[str, str]) -> None:
    visitor = Visitor(on_sqlite, PageSettings(token=TOKEN, loopback=True))
    for path in ("/check", "/sign-in", "/sign-out"):
        answer = visitor.ask(path, "POST", {"token": TOKEN}, **environ)
        assert answer.status == 403 and "set-cookie" not in answer.headers
    assert not visitor.site.checking and visitor.facts()["drift"] is None
    assert visitor.ask("/check").status == 303  # a GET presses nothing
    assert not visitor.site.checking


@pytest.mark.parametrize("path", [*PAGES, "/nothing", "/sign-in", "/static/status.js"])
def test_every_answer_is_locked_down(on_sqlite: Settings, path: str) -> None:
    headers = Visitor(on_sqlite).ask(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == ("no-cache" if path.startswith("/static") else "no-store")


def test_headers_are_ours_alone_whatever_the_application_sets(on_sqlite: Settings) -> None:
    def generous(handler: Callable[[], Any]) -> Any:
        for name, value in {
            "Content-Type": "text/html",
            "Cache-Control": "public",
            "X-Frame-Options": "SAMEORIGIN",
        }.items():
            web.header(name, value)
        return handler()

    urls = ("/migrations", status_page(on_sqlite, HERE), "/healthz", healthz(on_sqlite))
    app = web.application(urls, {}, autoreload=False)
    app.add_processor(generous)
    app.add_processor(guard(on_sqlite))
    env = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1"}
    for path in [f"/migrations{each}" for each in (*PAGES, "/nothing")] + ["/healthz", "/refused"]:
        names = [name.lower() for name, _ in app.request(path, host="localhost", env=env).header_items]
        assert names.count("content-type") == names.count("cache-control") == 1
        assert names.count("x-frame-options") <= 1
    assert (
        app.request("/migrations.json", host="localhost", env=env)
        .headers["Content-Type"]
        .startswith("application/json")
    )


def test_no_style_and_no_script_stands_in_a_page(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite)
    visitor.compared()
    for path in ("", "/diagram", "/source/3"):
        body = visitor.ask(path).body
        assert (
            "<style" not in body and " style=" not in body and "javascript:" not in body and " on" + "click" not in body
        )
        assert body.count("<script") == 1 and "<script src=" in body


def test_an_error_of_our_own_tells_no_more_than_that(on_sqlite: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = Visitor(on_sqlite)
    monkeypatch.setitem(web.config, "debug", True)  # web.py's own page would show every variable

    def broken() -> None:
        password = "Geheim123"
        raise RuntimeError(password)

    monkeypatch.setattr(visitor.site, "overview", broken)
    answer = visitor.ask()
    assert (answer.status, answer.body) == (500, "Unexpected; the log tells more.\n")


def test_files_come_with_a_tag_of_their_content(on_sqlite: Settings) -> None:
    visitor = Visitor(on_sqlite)
    first = visitor.ask("/static/status.css")
    assert first.headers["content-type"].startswith("text/css") and "--paper" in first.body
    again = visitor.ask("/static/status.css", HTTP_IF_NONE_MATCH=first.headers["etag"])
    assert (again.status, again.body) == (304, "")
    named = f"/static/status.css?v={first.headers['etag'].strip(chr(34))}"
    assert named in visitor.ask().body and "immutable" in visitor.ask(named).headers["cache-control"]


def test_head_is_answered_like_get_without_a_body(on_sqlite: Settings) -> None:
    for path in PAGES:
        answer = Visitor(on_sqlite).ask(path, "HEAD")
        assert (answer.status, answer.body) == (200, "")


def test_links_lead_to_where_it_is_mounted(on_sqlite: Settings) -> None:
    app = web.application(("/admin/db", status_page(site=Site(on_sqlite, HERE))), {}, autoreload=False)
    env = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1", "SCRIPT_NAME": "/app"}
    body = app.request("/admin/db", host="localhost", env=env).data.decode()
    assert 'href="/app/admin/db/source/1"' in body and 'action="/app/admin/db/check"' in body


def test_the_guard_lets_the_page_through_while_it_refuses_the_rest(on_sqlite: Settings) -> None:
    class Shop:
        def GET(self) -> str:
            return "open"

    urls = ("/migrations", status_page(on_sqlite, HERE), "/healthz", healthz(on_sqlite), "/", Shop)
    app = web.application(urls, {}, autoreload=False)
    app.add_processor(guard(on_sqlite, policy=Policy()))
    env = {"REMOTE_ADDR": "127.0.0.1", "SERVER_PROTOCOL": "HTTP/1.1"}
    answers = {path: app.request(path, host="localhost", env=env) for path in ("/", "/migrations", "/migrations.json")}
    assert {path: answer.status[:3] for path, answer in answers.items()} == {
        "/": "503",
        "/migrations": "200",
        "/migrations.json": "200",
    }
    assert app.request("/healthz").data == b"behind\n"


# Settings


def config(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    return file


def test_settings_are_read_from_the_file_and_the_environment(tmp_path: Path) -> None:
    file = config(tmp_path, f"status_page:\n  token: {TOKEN}\n  loopback: yes\n  checks: auto\n  check_minutes: 2.5\n")
    assert read_page_settings(file, {}) == PageSettings(TOKEN, True, Checks.AUTO, 2.5)
    assert read_page_settings(file, {TOKEN_VARIABLE: "another-token-of-16"}).token == "another-token-of-16"
    assert read_page_settings(None, {}) == read_page_settings(config(tmp_path, "a: b"), {}) == PageSettings()
    assert TOKEN not in repr(read_page_settings(file, {}))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("token: short", "16 or more"),
        ("token: [a, b]", "a list"),
        ("loopback: perhaps", "yes"),
        ("checks: sometimes", "asked, auto, off"),
        ("check_minutes: 0", "number of minutes"),
        ("check_minutes: nan", "number of minutes"),
        ("tokens: x", "unknown in `status_page:`"),
    ],
)
def test_a_setting_that_is_wrong_is_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError, match="status_page") as error:
        read_page_settings(config(tmp_path, f"status_page:\n  {text}\n"), {})
    assert words in str(error.value) and "short" not in str(error.value)


# Health


def health(settings: Settings, method: str = "GET", policy: Policy | None = None) -> tuple[int, str]:
    watcher = Watcher(settings, every=0, patience=5)
    app = web.application(("/healthz", healthz(settings, policy=policy, watcher=watcher)), {}, autoreload=False)
    got = app.request("/healthz", method)
    assert got.headers["Cache-Control"] == "no-store"
    return int(got.status.split()[0]), got.data.decode()


def test_health_is_a_word(settings: Settings) -> None:
    assert health(settings) == (503, "behind\n")
    upgrade(settings, 3)
    assert health(settings) == (200, "ok\n")
    assert health(settings, "HEAD") == (200, "")
    send(settings, "UPDATE migrate_version SET version = 9")
    assert health(settings) == (200, "ahead\n")


def test_health_is_what_the_guard_does(on_sqlite: Settings) -> None:
    assert health(on_sqlite) == (503, "behind\n")
    assert health(on_sqlite, policy=Policy(behind=Treatment.READ_ONLY)) == (200, "behind\n")


def test_health_of_a_database_out_of_reach(folder: Path) -> None:
    url = parse_url("mysql://root:Geheim123@127.0.0.1:1/x?connect_timeout=1")
    assert health(Settings(url, "test", folder)) == (503, "unreachable\n")


# What is odd


def test_what_cannot_be_understood_is_the_same_to_the_page_and_to_health(on_sqlite: Settings) -> None:
    Path(on_sqlite.url.path).write_bytes(b"no database" * 500)
    assert Visitor(on_sqlite).facts()["state"] == "unknown" and health(on_sqlite) == (503, "unknown\n")


def test_of_what_cannot_be_told_it_says_nothing_else(on_sqlite: Settings) -> None:
    Path(on_sqlite.url.path).write_bytes(b"no database" * 500)
    visitor = Visitor(on_sqlite)
    body = visitor.ask().body
    assert body.count("Not known as it stands.") == 2 and "There is no script" not in body
    assert 'id="pending-count">–<' in body and json.loads(visitor.ask("/now.json").body)["pending"] is None


def test_without_version_control_it_says_how_to_put_it_there_and_counts_nothing(on_sqlite: Settings) -> None:
    send(on_sqlite, "DROP TABLE migrate_version")
    visitor = Visitor(on_sqlite)
    assert visitor.facts()["next_command"].startswith("python -m giveaminute version-control --repository ")
    assert 'id="pending-count">–<' in visitor.ask().body


def test_a_name_that_is_no_text_is_shown_as_far_as_it_is(on_sqlite: Settings, folder: Path) -> None:
    (folder / "versions" / os.fsdecode(b"004_\xff.py")).write_text("")
    for path in ("", ".json", "/now.json"):
        answer = Visitor(on_sqlite).ask(path)
        assert answer.status == 200 and "004_?.py is not named like a migration" in answer.body


def test_a_script_that_cannot_be_read_is_told(on_sqlite: Settings, folder: Path) -> None:
    (folder / "versions" / "004_Nowhere.py").symlink_to("004_Nowhere.py")
    visitor = Visitor(on_sqlite)
    assert "cannot be read" in visitor.ask().body and "cannot be read" in visitor.ask("/source/4").body


def test_of_a_huge_script_the_page_shows_the_beginning(on_sqlite: Settings, folder: Path) -> None:
    script = folder / "versions" / "002_Rename_Bob_default_upgrade.sql"
    script.write_text(f"INSERT INTO person (id) VALUES {', '.join(f'({number})' for number in range(20_000))}")
    visitor = Visitor(on_sqlite)
    body = visitor.ask().body
    assert "(999)," in body and "(19999)" not in body and "more characters, on the page of the migration" in body
    assert "(19999)" in visitor.ask("/source/2").body and "(19999)" in visitor.ask(".json").body
    script.write_text("SELECT 42")
    time.sleep(overview.FRESH)
    assert "SELECT 42" in visitor.ask().body


@pytest.mark.parametrize("ending", ["SystemExit(3)", "KeyboardInterrupt"])
def test_a_script_that_would_end_the_process_ends_its_rehearsal(on_sqlite: Settings, folder: Path, ending: str) -> None:
    down = "def downgrade(op):\n    pass\n"
    (folder / "versions" / "003_Note_names.py").write_text(f"{down}\ndef upgrade(op):\n    raise {ending}\n")
    visitor = Visitor(on_sqlite)
    visitor.compared()
    assert "cannot be rehearsed" in visitor.ask().body or "In the rehearsal:" in visitor.ask().body


@pytest.mark.parametrize("name", ["scripts", "our scripts"])
def test_the_command_is_the_one_to_type_for_these_scripts(tmp_path: Path, name: str) -> None:
    folder = make_repository(tmp_path / name, SCRIPTS)
    elsewhere = Settings(parse_url(f"sqlite:///{tmp_path / 'x.db'}"), "test", folder)
    command = f"python -m giveaminute upgrade --repository {quote(str(folder))}"
    assert Visitor(elsewhere).facts()["next_command"] == command
    assert f"<code>{escape(command, quote=False)}</code>" in Visitor(elsewhere).ask().body.replace("&#39;", "'")
    ours = replace(elsewhere, repository=DEFAULT_REPOSITORY)
    assert Visitor(ours).facts()["next_command"] == "invoke upgrade"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("x.db is at version 3, the newest.", "It is at version 3, the newest."),
        ("x.db: file is not a database.", "File is not a database."),
        ("x.db: migrate_version holds no version.", "migrate_version holds no version."),
        ("sqlite:///x.db: it is a folder.", "sqlite:///x.db: it is a folder."),
    ],
)
def test_a_sentence_begins_with_a_capital_but_a_name_does_not(words: str, told: str) -> None:
    assert wording.sentence(overview.Overview(0, "x.db", Position.UNKNOWN, words, None)) == told
