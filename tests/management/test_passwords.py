"""A password with every awkward character works wherever it may stand, and is shown nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import FreshDatabase
from tests.management.running import SMALL, Ran, run, run_forked, run_invoke
from tests.repositories import make_repository
from tests.servers import Server

PASSWORD = "p@ss:w/o%#é日b'\"\\`$x?y&z"
ENCODED = quote(PASSWORD, safe="")
BAD = "def upgrade(op):\n    op.execute('SELECT nothing FROM nowhere')\n\ndef downgrade(op):\n    pass\n"


@dataclass(frozen=True)
class Account:
    """A user with that password, who may do everything with one database."""

    server: Server
    user: str
    database: str
    folder: Path

    def url(self, *, password: str = ENCODED, database: str | None = None, port: int | None = None) -> str:
        place = f"{self.server.host}:{port or self.server.port}"
        return f"mysql://{self.user}:{password}@{place}/{database or self.database}"

    def config(self, *, password: str = PASSWORD, database: str | None = None) -> Path:
        file = self.folder / "config.yaml"
        quoted = password.replace("'", "''")
        file.write_text(
            "database:\n  dbn: mysql\n"
            f"  host: {self.server.host}\n  port: {self.server.port}\n"
            f"  user: {self.user}\n  password: '{quoted}'\n  db: {database or self.database}\n",
            encoding="utf-8",
        )
        return file


@pytest.fixture
def account(server: Server, fresh_database: FreshDatabase, tmp_path: Path) -> Iterator[Account]:
    make_repository(tmp_path / "r", SMALL)
    name = fresh_database(server)
    user = f"p_{name[-8:]}"
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute(f"GRANT ALL ON `{name}`.* TO '{user}'@'%'")
    yield Account(server, user, name, tmp_path)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP USER '{user}'@'%'")


def silent_about_it(ran: Ran) -> Ran:
    """Neither the password nor its encoded form is in any output, nor a piece of either long enough to help."""
    for secret in (PASSWORD, ENCODED, quote(PASSWORD), repr(PASSWORD)[1:-1], PASSWORD.encode().decode("latin-1")):
        assert secret not in ran.said
    for piece in ("p@ss", "p%40ss", "w/o", "w%2Fo", "é日b", "%C3%A9", "xc3", "u65e5"):
        assert piece not in ran.said, ran.said
    return ran


def by_url(account: Account) -> tuple[tuple[str, ...], dict[str, str]]:
    return ("--url", account.url()), {}


def by_url_in_lower_case(account: Account) -> tuple[tuple[str, ...], dict[str, str]]:
    return ("--url", account.url(password=ENCODED.lower())), {}


def by_environment(account: Account) -> tuple[tuple[str, ...], dict[str, str]]:
    return (), {"DATABASE_URL": account.url()}


def by_config(account: Account) -> tuple[tuple[str, ...], dict[str, str]]:
    return ("--config", str(account.config())), {}


Way = Callable[[Account], tuple[tuple[str, ...], dict[str, str]]]


@pytest.mark.parametrize("way", [by_url, by_url_in_lower_case, by_environment, by_config])
def test_it_works_and_is_in_no_output(way: Way, account: Account) -> None:
    words, environ = way(account)
    place = (*words, "--repository", str(account.folder / "r"))
    ran = silent_about_it(run("upgrade", *place, cwd=account.folder, environ=environ))
    assert ran.code == 0, ran.said
    assert "now at version 3" in ran.err
    for asked in (
        ("status", "--json"),
        ("status",),
        ("db-version",),
        ("upgrade", "--json"),
        ("downgrade", "1", "--plan"),
    ):
        ran = silent_about_it(run_forked(*asked, *place, cwd=account.folder, environ=environ))
        assert ran.code == 0, ran.said
    ran = silent_about_it(run_forked("downgrade", "1", *place, cwd=account.folder, environ=environ))
    assert ran.code == 1
    assert silent_about_it(run_invoke("db-version", *place, environ=environ)).out == "3\n"


@pytest.mark.parametrize("more", [(), ("--traceback", "--json")], ids=["plain", "traceback"])
@pytest.mark.parametrize(
    ("change", "code", "says"),
    [
        ({"port": 1}, 7, "Connection refused"),
        ({"password": ENCODED + "x"}, 7, "refuses this user or password"),
        ({"database": "no_such_database_here"}, 7, "no_such_database_here"),
        ({"database": "a/b"}, 1, "%3A %40 %2F"),
        ({"password": PASSWORD}, 1, "%3A %40 %2F"),
    ],
    ids=["port", "password", "database", "slash", "not-encoded"],
)
def test_no_error_shows_it(
    change: dict[str, str], code: int, says: str, more: tuple[str, ...], account: Account
) -> None:
    url = account.url(**change)  # type: ignore[arg-type]
    place = ("--repository", str(account.folder / "r"))
    for words, environ in ((("--url", url), {}), ((), {"DATABASE_URL": url})):
        ran = run_forked("upgrade", *words, *more, *place, cwd=account.folder, environ=environ)
        assert ran.code == code, ran.said
        assert says in ran.err, ran.err
        assert ("Traceback" in ran.err) == ("--traceback" in more)
        silent_about_it(ran)


@pytest.mark.parametrize("more", [(), ("--traceback",), ("--json",)])
def test_a_failing_migration_does_not_show_it(more: tuple[str, ...], account: Account) -> None:
    repository = make_repository(account.folder / "bad", {"001_Bad.py": BAD})
    words = ("upgrade", *more, "--url", account.url(), "--repository", str(repository))
    ran = silent_about_it(run(*words, cwd=account.folder))
    assert ran.code == 6, ran.said
    assert "001_Bad.py, line 2" in ran.err
    assert f"invoke upgrade --url … --repository {repository}\n".removeprefix("invoke") in ran.err


def test_no_row_of_ours_keeps_it(account: Account) -> None:
    make_repository(account.folder / "r", {**SMALL, "004_Bad.py": BAD})
    run_forked("upgrade", "--url", account.url(), "--repository", "r", cwd=account.folder)
    with account.server.connect(account.database) as connection, connection.cursor() as cursor:
        for table in ("migrate_history", "migrate_journal", "migrate_version"):
            cursor.execute(f"SELECT * FROM {table}")
            text = repr(cursor.fetchall())
            assert "p@ss" not in text and ENCODED not in text


@pytest.mark.parametrize(
    "line", [PASSWORD, f'"{PASSWORD}', f"*{PASSWORD}", f"!{PASSWORD}", f"[{PASSWORD}", f"x: {PASSWORD}", f"&{PASSWORD}"]
)
def test_a_slip_in_config_yaml_does_not_show_it(line: str, tmp_path: Path) -> None:
    make_repository(tmp_path / "r", SMALL)
    (tmp_path / "c.yaml").write_text(
        f"database:\n  host: 127.0.0.1\n  port: 1\n  db: x\n  password: {line}\n", encoding="utf-8"
    )
    for more in ((), ("--traceback",)):
        ran = run_forked("status", "--config", "c.yaml", "--repository", "r", *more, cwd=tmp_path)
        assert ran.code in (1, 7)
        silent_about_it(ran)


@pytest.mark.parametrize("password", ["0123", "1e3", "yes", "2026-01-02", "1.10", "0x1F", "12:30"])
def test_a_password_that_yaml_takes_for_something_else_is_the_text_that_was_typed(
    password: str, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    make_repository(tmp_path / "r", SMALL)
    name = fresh_database(mariadb_server)
    user = f"y_{name[-8:]}"
    file = tmp_path / "config.yaml"
    file.write_text(
        f"database:\n  dbn: mysql\n  host: {mariadb_server.host}\n  port: {mariadb_server.port}\n"
        f"  user: {user}\n  password: {password}\n  db: {name}\n",
        encoding="utf-8",
    )
    with mariadb_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE USER '{user}'@'%%' IDENTIFIED BY %s", (password,))
        cursor.execute(f"GRANT ALL ON `{name}`.* TO '{user}'@'%'")
        ran = run_forked("status", "--config", str(file), "--repository", "r", cwd=tmp_path)
        cursor.execute(f"DROP USER '{user}'@'%'")
    assert ran.code == 0, ran.said
