"""Where the database is: what is read from where, and what is told when it cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from giveaminute.errors import ExitCode, SettingsError
from giveaminute.settings import DEFAULT_REPOSITORY, DatabaseUrl, Large, large, parse_url, read

LOCAL = (("localhost", 3306),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mysql://u:p@h:3307/d", DatabaseUrl("mysql", "d", (("h", 3307),), "u", "p")),
        ("mariadb://u@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "u")),
        ("mysql+pymysql:///d", DatabaseUrl("mysql", "d", LOCAL)),
        ("MariaDB+PyMySQL://u@/d", DatabaseUrl("mysql", "d", LOCAL, "u")),
        ("mysql://u:@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "u", "")),
        ("mysql://u:%40%3A%2F%25%23%3F@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "u", "@:/%#?")),
        ("mysql://u:p:w@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "u", "p:w")),
        ("mysql://u:p@w@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "u", "p@w")),
        ("mysql://%C3%BC:p%C3%A4ss%E5%AF%86@h/d%C3%AF", DatabaseUrl("mysql", "dï", (("h", 3306),), "ü", "päss密")),
        ("mysql://ü:päss密@h/d", DatabaseUrl("mysql", "d", (("h", 3306),), "ü", "päss密")),
        ("mysql://h1,h2:3307/d", DatabaseUrl("mysql", "d", (("h1", 3306), ("h2", 3307)))),
        ("mysql://[::1]:3307,[fe80::2]/d", DatabaseUrl("mysql", "d", (("::1", 3307), ("fe80::2", 3306)))),
        ("mysql://u@/d?unix_socket=/run/s", DatabaseUrl("mysql", "d", LOCAL, "u", options={"unix_socket": "/run/s"})),
        ("mysql://h/d?ssl_ca=%2Fa%20b&connect_timeout=3",
         DatabaseUrl("mysql", "d", (("h", 3306),), options={"ssl_ca": "/a b", "connect_timeout": "3"})),
        ("sqlite:///x.db", DatabaseUrl("sqlite", path="x.db")),
        ("sqlite:////a/b%20c%3F.db", DatabaseUrl("sqlite", path="/a/b c?.db")),
        ("sqlite+pysqlite:///x.db", DatabaseUrl("sqlite", path="x.db")),
        ("sqlite://", DatabaseUrl("sqlite")),
        ("sqlite:///:memory:", DatabaseUrl("sqlite")),
    ],
)  # fmt: skip
def test_a_url_is_read(text: str, expected: DatabaseUrl) -> None:
    assert parse_url(text) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no database URL"),
        ("giveaminute.db", "no database URL"),
        ("postgresql://h/d", "«postgresql://»"),
        ("://h/d", "no database URL"),
        ("mysql://h", "no database's name"),
        ("mysql://h/", "no database's name"),
        ("mysql://h/a/b", "no database's name"),
        ("mysql://u:s3cr/et@h/d", "no database's name"),
        ("mysql://u:s3cret@h:x/d", "host and port"),
        ("mysql://u:s3cret@h:0/d", "host and port"),
        ("mysql://u:s3cret@h:65536/d", "host and port"),
        ("mysql://u:s3cret@h,:1:2/d", "host and port"),
        ("mysql://u:s3cret@h/d?colour=red", "unknown option «colour»"),
        ("mysql://h/d?connect_timeout=soon", "connect_timeout"),
        ("sqlite://x.db", "three slashes"),
        ("sqlite:///a%00b", "NUL"),
    ],
)
def test_a_url_that_cannot_be_read_is_told_by_its_source_and_without_its_password(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_url(text, "DATABASE_URL")
    assert caught.value.message.startswith("DATABASE_URL: ") and words in caught.value.message
    assert caught.value.remedy and caught.value.exit_code == ExitCode.USAGE
    assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown", "name"),
    [
        ("mysql://u:s3cret@h/d", "mysql://u@h:3306/d", "d"),
        ("mysql://:s3cret@h/d", "mysql://h:3306/d", "d"),
        ("mysql://a%40b:s3cret@[::1],h:3307/d", "mysql://a%40b@[::1]:3306,h:3307/d", "d"),
        ("mysql://u:s3cret@/d?unix_socket=/run/s", "mysql://u@/run/s/d", "d"),
        ("sqlite:////a/b.db", "sqlite:////a/b.db", "/a/b.db"),
        ("sqlite://", "sqlite:///", ":memory:"),
    ],
)
def test_a_password_never_shows(text: str, shown: str, name: str) -> None:
    url = parse_url(text)
    assert (str(url), url.name) == (shown, name)
    assert "s3cret" not in repr(url) and "s3cret" not in f"{url!r} {url!s}"


CONFIG = "database:\n  dbn: mysql\n  host: db.example.org\n  user: cbu\n  password: secret\n  db: changebyus\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONFIG, DatabaseUrl("mysql", "changebyus", (("db.example.org", 3306),), "cbu", "secret")),
        ("app: {x: 1}\n" + CONFIG.replace("password: secret", "pw: '@:/%#ü'"),
         DatabaseUrl("mysql", "changebyus", (("db.example.org", 3306),), "cbu", "@:/%#ü")),
        ("database: {db: d}", DatabaseUrl("mysql", "d", LOCAL)),
        # A password is what was typed, not what YAML makes of it.
        ("database: {db: 2011, password: 0123, port: 3307}",
         DatabaseUrl("mysql", "2011", (("localhost", 3307),), "", "0123")),
        ("database: {db: d, password: '', host: null}", DatabaseUrl("mysql", "d", LOCAL)),
        ("database: {db: d, unix_socket: /run/s, charset: utf8}",
         DatabaseUrl("mysql", "d", LOCAL, options={"unix_socket": "/run/s", "charset": "utf8"})),
    ],
)  # fmt: skip
def test_config_yaml_is_read(tmp_path: Path, text: str, expected: DatabaseUrl) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    settings = read(environ={}, root=tmp_path)
    assert (settings.url, settings.source) == (expected, str(file))


def test_an_sqlite_file_in_config_yaml_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("database: {dbn: sqlite, db: data/x.db}")
    assert read(environ={}, root=tmp_path).url == DatabaseUrl("sqlite", path=str(tmp_path / "data/x.db"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no `database:` part"),
        ("- a", "no `database:` part"),
        ("databse: {db: d}", "no `database:` part"),
        ("database: changebyus", "no `database:` part"),
        ("database: {user: cbu}", "`database: db` is missing"),
        ("database: {db: ''}", "`database: db` is missing"),
        ("database: {db: [a]}", "`database: db` is a list or a mapping"),
        ("database: {db: d, dbn: oracle}", "`database: dbn` names no database"),
        ("database: {db: d, passwort: s3cret}", "unknown key in `database:`: passwort"),
        ("database: {db: d, port: s3cret}", "host and port"),
        ("database:\n  db: d\n  password: s3cret: x\n", "line 3: not valid YAML"),
        ("database:\n\tdb: d\n", "line 2: not valid YAML"),
        ("database: {db: d, password: 's3cret}", "not valid YAML"),
        (b"database: {db: d, password: s3cret\xff}", "not UTF-8 text"),
    ],
)
def test_a_config_yaml_at_fault_is_named_without_its_password(tmp_path: Path, text: str | bytes, words: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as caught:
        read(environ={}, root=tmp_path)
    assert caught.value.message.startswith(str(file)) and words in caught.value.message
    assert caught.value.remedy and "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "environment", "config", "file", "source"),
    [
        ("sqlite:///u.db", "sqlite:///e.db", None, True, "--url"),
        (None, "sqlite:///e.db", None, True, "DATABASE_URL"),
        (None, "", None, True, "config.yaml"),
        (None, None, None, True, "config.yaml"),
        (None, None, None, False, "default"),
        ("sqlite:///u.db", None, "other.yaml", True, "--url"),
        (None, "sqlite:///e.db", "other.yaml", True, "other.yaml"),
    ],
)
def test_the_nearest_place_wins(
    tmp_path: Path, url: str | None, environment: str | None, config: str | None, file: bool, source: str
) -> None:
    if file:
        (tmp_path / "config.yaml").write_text("database: {dbn: sqlite, db: c.db}")
    (tmp_path / "other.yaml").write_text("database: {dbn: sqlite, db: o.db}")
    environ = {} if environment is None else {"DATABASE_URL": environment}
    settings = read(url, str(tmp_path / config) if config else None, environ=environ, root=tmp_path)
    paths = {
        "--url": "u.db", "DATABASE_URL": "e.db", "default": str(tmp_path / "giveaminute.db"),
        "config.yaml": str(tmp_path / "c.db"), "other.yaml": str(tmp_path / "o.db"),
    }  # fmt: skip
    assert Path(settings.source).name == source
    assert settings.url.path == paths[source]


def test_a_config_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml: cannot be read: No such file"):
        read(config=str(tmp_path / "nowhere.yaml"), environ={}, root=tmp_path)


def test_the_repository_is_ours_unless_it_is_named(tmp_path: Path) -> None:
    assert read(environ={}, root=tmp_path).repository == DEFAULT_REPOSITORY
    assert (DEFAULT_REPOSITORY / "migrate.cfg").is_file()
    assert read(repository="other", environ={}, root=tmp_path).repository == Path("other")


def test_from_which_size_on_a_table_is_large_is_said_in_the_nearest_place(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text("database: {dbn: sqlite, db: a.db}\nlarge_tables: {rows: 5_000, bytes: 70}\n", encoding="utf-8")
    settings = read("sqlite:///other.db", None, None, {}, tmp_path)
    assert large(settings, environ={}) == Large(5000, 70)
    assert large(settings, environ={"GIVEAMINUTE_LARGE_ROWS": "6"}) == Large(6, 70)
    assert large(settings, "7", "8", environ={"GIVEAMINUTE_LARGE_ROWS": "6"}) == Large(7, 8)
    config.unlink()
    assert large(read("sqlite:///other.db", None, None, {}, tmp_path), environ={}) == Large()


@pytest.mark.parametrize(
    ("text", "environ", "words"),
    [
        ("large_tables: {rows: many}", {}, "`large_tables: rows`: «many» is no number"),
        ("large_tables: {row: 5}", {}, "unknown in `large_tables:`: row"),
        ("large_tables: 5", {}, "unknown in `large_tables:`: 5"),
        ("large_tables:", {"GIVEAMINUTE_LARGE_BYTES": "-1"}, "GIVEAMINUTE_LARGE_BYTES: «-1» is no number"),
    ],
)
def test_a_size_that_cannot_be_read_is_told_by_its_place(
    tmp_path: Path, text: str, environ: dict[str, str], words: str
) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    settings = read("sqlite:///other.db", None, None, {}, tmp_path)
    with pytest.raises(SettingsError, match=words):
        large(settings, environ=environ)
