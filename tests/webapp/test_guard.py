"""The guard: what visitors get while the database is not where the code wants it, and what the log does."""

from __future__ import annotations

import gc
import json
import logging
import os
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from giveaminute.errors import SettingsError
from giveaminute.management import call_command
from giveaminute.settings import Settings, parse_url, read
from giveaminute.versioning.database import opened
from giveaminute.versioning.status import Position
from giveaminute.webapp import guard as guard_module
from giveaminute.webapp.guard import Guard, guard
from giveaminute.webapp.policy import Policy, Treatment, read_policy
from giveaminute.webapp.standing import LOOK, Standing
from giveaminute.webapp.unavailable import prefers_json
from tests.repositories import make_repository
from tests.webapp.serving import application, ask, served

CREATE = (
    "def upgrade(op):\n    op.execute('CREATE TABLE t{0} (a INT)')\n\n\ndef downgrade(op):\n    op.drop_table('t{0}')\n"
)
REFUSE, READ_ONLY, WARN, PASS = Treatment.REFUSE, Treatment.READ_ONLY, Treatment.WARN, Treatment.PASS
TROUBLES = [each for each in Position if each is not Position.CURRENT]


@dataclass
class Told:
    """Stands in for a watcher: the database is where the test says."""

    position: Position
    words: str = "changebyus at db.example.org is half done"

    def standing(self) -> Standing:
        return Standing(self.position, 1, 3, self.words, "invoke upgrade")


def guarded(position: Position, **policy: Any) -> Any:
    """An application with two pages behind a guard that believes this."""
    return application(
        {"/": lambda: "hello", "/healthz": lambda: "fine", "/migrations/7": lambda: "page"}, told(position, **policy)
    )


def told(position: Position, **policy: Any) -> Guard:
    watcher: Any = Told(position)
    return Guard(Policy(**policy), watcher)


# What it does


@pytest.mark.parametrize("position", TROUBLES)
def test_by_itself_it_refuses_what_the_code_does_not_know(position: Position) -> None:
    passes = position in (Position.AHEAD, Position.UNREACHABLE)
    assert guarded(position).request("/").status == ("200 OK" if passes else "503 Service Unavailable")


def test_a_database_that_fits_is_let_through() -> None:
    assert guarded(Position.CURRENT).request("/", method="POST").data == b"hello"


@pytest.mark.parametrize("position", TROUBLES)
@pytest.mark.parametrize(
    ("treatment", "reads", "writes"), [(REFUSE, 503, 503), (READ_ONLY, 200, 503), (WARN, 200, 200), (PASS, 200, 200)]
)
def test_each_position_is_treated_as_the_settings_say(
    position: Position, treatment: Treatment, reads: int, writes: int
) -> None:
    app = guarded(position, **{position.name.lower(): treatment})
    found = {method: int(app.request("/", method=method).status[:3]) for method in ("GET", "HEAD", "POST", "PUT")}
    # The pages have no PUT: a request that passes gets web.py's own 405.
    assert found == {"GET": reads, "HEAD": reads, "POST": writes, "PUT": 405 if writes == 200 else 503}


def test_read_only_answers_options_too() -> None:
    assert guarded(Position.BEHIND, behind=READ_ONLY).request("/", method="OPTIONS").status[:3] == "405"


@pytest.mark.parametrize(
    ("path", "passes"),
    [("/healthz", True), ("/migrations/7", True), ("/healthz2", False), ("/", False), ("/x/healthz", False)],
)
def test_some_paths_always_pass(path: str, passes: bool) -> None:
    assert (guarded(Position.BEHIND).request(path).status[:3] != "503") is passes


# How a refusal looks


def test_a_refusal_is_a_page_without_a_word_on_why() -> None:
    reply = guarded(Position.HALF_APPLIED).request("/")
    page = reply.data.decode()
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    assert reply.headers["Retry-After"] == "10" and reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Please try again in a moment." in page and "<h1>" in page and 'lang="en"' in page
    for secret in ("changebyus", "example.org", "half", "invoke", "migration", "version"):
        assert secret not in page + str(reply.headers)


def test_ones_own_words_are_text_and_no_markup() -> None:
    reply = guarded(Position.BEHIND, message="<script>alert(1)</script> & co", retry_after=99).request("/")
    assert b"&lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in reply.data and b"<script>" not in reply.data
    assert reply.headers["Retry-After"] == "99"


def test_programs_get_json() -> None:
    reply = guarded(Position.BEHIND).request("/", headers={"Accept": "application/json"})
    assert (reply.status, reply.headers["Content-Type"]) == (
        "503 Service Unavailable",
        "application/json; charset=utf-8",
    )
    assert json.loads(reply.data)["status"] == 503 and reply.headers["Vary"] == "Accept"


@pytest.mark.parametrize(
    ("accept", "json_wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", False),
        ("application/json, text/plain, */*", True),
        ("application/vnd.api+json", True),
        ("text/html, application/json;q=0.9", False),
        ("text/html;q=0.1, application/json;q=0.9", True),
        ("application/json;q=0", False),
        ("application/json;q=much", False),
    ],
)
def test_who_prefers_json(accept: str, json_wanted: bool) -> None:
    assert prefers_json(accept) is json_wanted


def test_over_http_a_refusal_keeps_the_connection_usable() -> None:
    import http.client

    with served(guarded(Position.BEHIND)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        found = []
        for method, body in (("POST", b"x" * 100_000), ("HEAD", None), ("GET", None)):
            connection.request(method, "/", body=body)
            reply = connection.getresponse()
            found.append((reply.status, len(reply.read()), reply.getheader("Content-Length")))
        connection.close()
    (_, size, length), head, get = found
    assert size > 500 and str(size) == length
    assert head == (503, 0, length) and get == (503, size, length)


# The log


def test_the_log_is_told_once_and_that_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    watching = told(Position.BEHIND)
    app = application({"/": lambda: ""}, watching)
    for position in (
        Position.BEHIND,
        Position.BEHIND,
        Position.AHEAD,
        Position.BEHIND,
        Position.CURRENT,
        Position.CURRENT,
    ):
        watching.watcher.position = position  # type: ignore[attr-defined]
        app.request("/")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"{Told.words} Requests are answered with 503. Next: invoke upgrade"),
        ("WARNING", f"{Told.words} Requests are let through. Next: invoke upgrade"),
        ("INFO", f"{Told.words} Requests are answered as ever."),
    ]


def test_the_log_is_told_again_after_a_minute(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = guarded(Position.BEHIND)
    lines = []
    for again in (60, 60, 0, 0):
        monkeypatch.setattr(guard_module, "AGAIN", again)
        app.request("/")
        lines.append(len(caplog.records))
    assert lines == [1, 1, 2, 3]


def test_a_line_of_the_log_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    watching = told(Position.BEHIND)
    watching.watcher.words = "half done: no\nERROR forged"  # type: ignore[attr-defined]
    application({"/": lambda: ""}, watching).request("/")
    assert "\n" not in caplog.messages[0]


# The settings


def config(folder: Path, text: str) -> Path:
    file = folder / "config.yaml"
    file.write_text(f"database:\n  dbn: sqlite\n  db: x.db\n{text}")
    return file


def test_settings_come_from_config_yaml(tmp_path: Path) -> None:
    file = config(
        tmp_path,
        "guard:\n  ahead: refuse\n  half_applied: read-only\n  every: 0.5\n  retry_after: 30\n"
        "  exempt: [/about/, /healthz]\n  message: Soon.\n",
    )
    expected = replace(
        Policy(),
        ahead=REFUSE,
        half_applied=READ_ONLY,
        every=0.5,
        retry_after=30,
        exempt=("/about", "/healthz"),
        message="Soon.",
    )
    assert read_policy(file) == expected
    assert guard(read(config=str(file))).policy == expected


@pytest.mark.parametrize("text", ["", "guard:\n", "guard:\n  ahead:\n"])
def test_without_settings_it_is_the_default(tmp_path: Path, text: str) -> None:
    assert read_policy(config(tmp_path, text)) == Policy() == read_policy(None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("guard: refuse", "unknown in `guard:`: refuse."),
        ("guard:\n  behnd: refuse", "unknown in `guard:`: behnd."),
        ("guard:\n  behind: 500", "`guard: behind` «500» is nothing that the guard does."),
        ("guard:\n  behind: [refuse]", "`guard: behind` is a list or a mapping."),
        ("guard:\n  every: 0", "`guard: every` «0» is no number of seconds from 0.1"),
        ("guard:\n  every: nan", "`guard: every` «nan» is no number"),
        ("guard:\n  retry_after: soon", "`guard: retry_after` «soon» is no number of seconds from 1"),
        ("guard:\n  exempt: about", "`guard: exempt`: «about» is no path that could pass."),
        ("guard:\n  exempt: /", "`guard: exempt`: «/» is no path that could pass."),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingsError) as error:
        guard(read(config=str(config(tmp_path, text))))
    assert words in error.value.message and error.value.remedy


# The whole of it, on databases


def scripts(folder: Path, count: int) -> Path:
    return make_repository(
        folder / "scripts", {f"{number:03d}_Table.py": CREATE.format(number) for number in range(1, count + 1)}
    )


def inventory(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    with opened(settings.url, read_only=True) as database:
        return {name: database.query(f"SELECT * FROM {name}") for name in database.tables()}


def eventually(call: Callable[[], Any], expected: Any, seconds: float = 5) -> None:
    deadline = time.monotonic() + seconds
    while (found := call()) != expected:
        assert time.monotonic() < deadline, f"{found}, not {expected}"
        time.sleep(0.02)


def test_an_upgrade_ends_the_refusal_without_a_restart(database_url: str, tmp_path: Path) -> None:
    settings = Settings(parse_url(database_url), "test", scripts(tmp_path, 1))
    options = {"url": database_url, "repository": str(settings.repository)}
    call_command("upgrade", **options)
    app = application({"/": lambda: "hello"}, guard(settings, policy=Policy(every=0.2)))
    with served(app) as port:
        assert ask(port).status == 200
        scripts(tmp_path, 2)
        time.sleep(1.2 * LOOK)
        assert ask(port).status == 503
        call_command("upgrade", **options)
        eventually(lambda: ask(port).status, 200)
        call_command("downgrade", version="0", yes=True, **options)
        eventually(lambda: ask(port).status, 503)


def test_a_database_never_under_version_control_is_left_as_it_is(database_url: str, tmp_path: Path) -> None:
    settings = Settings(parse_url(database_url), "test", scripts(tmp_path, 1))
    with opened(settings.url, read_only=False) as database:
        database.execute("CREATE TABLE people (name VARCHAR(20))")
        database.execute("INSERT INTO people VALUES ('Ada')")
        database.connection.commit()
    before = inventory(settings)
    app = application({"/": lambda: "hello"}, guard(settings, policy=Policy(every=0.1)))
    for _ in range(4):
        assert app.request("/", method="POST").status == "503 Service Unavailable"
        time.sleep(0.06)
    assert inventory(settings) == before == {"people": [("Ada",)]}


def test_one_line_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'x.db'}")
    app = application({"/": lambda: "hello"})
    app.add_processor(guard())
    assert app.request("/").status == "503 Service Unavailable"
    call_command("upgrade", url=os.environ["DATABASE_URL"])
    eventually(lambda: app.request("/").status, "200 OK")


def test_memory_is_flat(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    place = tmp_path / "x.db"
    settings = Settings(parse_url(f"sqlite:///{place}"), "test", scripts(tmp_path, 1))
    guarding = guard(settings, policy=Policy(every=0.001, unreachable=REFUSE))
    app = application({"/": lambda: "hello"}, guarding)

    def some_requests() -> None:
        for _ in range(150):
            for exists in (True, False):  # a folder in the file's place cannot be opened
                (place.unlink if place.is_file() else place.rmdir)() if place.exists() else None
                place.touch() if exists else place.mkdir()
                time.sleep(0.001)
                assert app.request("/").status == "503 Service Unavailable"

    some_requests()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        some_requests()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 100_000
