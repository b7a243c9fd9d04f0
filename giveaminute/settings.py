"""Where the database is and where the scripts are: read once at the edge, then passed down.

Precedence: `--url` > environment `DATABASE_URL` > `config.yaml` > `sqlite:///giveaminute.db`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from giveaminute.errors import SettingsError

PACKAGE = Path(__file__).resolve().parent
DEFAULT_REPOSITORY = PACKAGE / "migrations"
SNAPSHOTS = PACKAGE.parent / "sql"
DEFAULT_SQLITE_FILE = "giveaminute.db"

MYSQL = "mysql"
SQLITE = "sqlite"

_SCHEMES = {
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "mysql+pymysql": MYSQL,
    "mariadb+pymysql": MYSQL,
    "sqlite": SQLITE,
    "sqlite+pysqlite": SQLITE,
}
_FORM = "mysql://USER:PASSWORD@HOST:PORT/DATABASE or sqlite:///FILE"
_ENCODING = "In a password : @ / ? # % are written %3A %40 %2F %3F %23 %25."
_OPTIONS = {"unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "connect_timeout", "charset"}
_CONFIG_KEYS = {"dbn", "host", "port", "user", "password", "pw", "db", "unix_socket", "charset", "ssl_ca"}


@dataclass(frozen=True)
class DatabaseUrl:
    """One database. `hosts` are tried in order; `path` is SQLite's file, empty for one in memory.

    The password never shows: `str()` and `repr()` leave it out. The option `read_timeout`, the seconds that a server
    may be silent, is for those who only ask: it cannot be given in a URL, since an ALTER is silent for long.
    """

    family: str
    database: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    user: str = ""
    password: str = field(default="", repr=False)
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.family == SQLITE:
            return f"sqlite:///{self.path}"
        where = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        return f"mysql://{user}{self.options.get('unix_socket') or where}/{self.database}"

    @property
    def name(self) -> str:
        """What people call it: the database's name, or SQLite's file."""
        return self.path or ":memory:" if self.family == SQLITE else self.database


@dataclass(frozen=True)
class Settings:
    """All that a command needs to know. `source` says where the URL came from, for messages.

    `config` is the file with the other settings; None where there is none.
    """

    url: DatabaseUrl
    source: str
    repository: Path
    config: Path | None = None


@dataclass(frozen=True)
class BackfillLimits:
    """How `op.backfill` gives way to others; infinite is «off».

    `batch_seconds`: what a batch should take; `batch_rows`: rows of one at most. It rests while more than
    `threads_running` threads are at work, a replica is more than `replica_lag` seconds behind, Galera's flow control
    paused more than the part `flow_control` of the time, or more than `receive_queue` write sets wait on this node.
    `replicas`: those to look at, HOST or HOST:PORT; none: those that the server knows.
    """

    batch_seconds: float = 0.005
    batch_rows: int = 50_000
    threads_running: float = 25
    replica_lag: float = 1
    flow_control: float = 0.1
    receive_queue: float = 16
    replicas: tuple[str, ...] = ()


@dataclass(frozen=True)
class Large:
    """From which size on a table is large: writes to it are not stopped unless told. Rows, or bytes with indexes."""

    rows: int = 1_000_000
    bytes: int = 256_000_000


def read(
    url: str | None = None,
    config: str | None = None,
    repository: str | None = None,
    environ: Mapping[str, str] | None = None,
    root: Path | None = None,
) -> Settings:
    """The settings in force. Raises SettingsError that names the option, variable or file at fault.

    `root` is where `config.yaml` and the default SQLite file are looked for: the checkout, or the
    current folder where the package is installed without one.
    """
    environ = os.environ if environ is None else environ
    root = _root() if root is None else root
    place, source = _url(url, config, environ, root)
    if repository == "":
        raise SettingsError(
            "--repository: it is empty.", "Name a folder with migrate.cfg and versions/, or leave it out."
        )
    folder = Path(repository) if repository else DEFAULT_REPOSITORY
    file = Path(config) if config else root / "config.yaml"
    return Settings(place, source, folder, file if file.is_file() else None)


def backfill_limits(config: Path | None, option: str | None = None) -> BackfillLimits:
    """Those of `backfill:` in config.yaml, and over them those of `--backfill NAME=VALUE,…`. Raises SettingsError."""
    limits = BackfillLimits()
    if config is not None:
        limits = _limited(
            limits, part(config, "backfill", BackfillLimits.__dataclass_fields__), f"{config}: `backfill: "
        )
    if option is not None:
        given: dict[str, str] = {}
        for each in option.split(","):
            name, equal, value = each.partition("=")
            if not equal and [*given][-1:] == ["replicas"]:  # replicas=db2,db3
                given["replicas"] += f" {name.strip()}"
            else:
                given[name.strip()] = value.strip()
        limits = _limited(limits, given, "--backfill: `")
    return limits


_BACKFILL = f"Known: {', '.join(BackfillLimits.__dataclass_fields__)}; a limit may be `off`."


def _limited(limits: BackfillLimits, given: Mapping[Any, Any], source: str) -> BackfillLimits:
    values: dict[str, Any] = {}
    for name, text in given.items():
        if name not in BackfillLimits.__dataclass_fields__:
            raise SettingsError(f"{source}{name}` is no setting of backfills.", _BACKFILL)
        values[name] = _replicas(text, source) if name == "replicas" else _limit(name, text, source)
    return replace(limits, **values)


_REPLICA = re.compile(r"[\w.-]+(?::\d{1,5})?|\[[0-9a-fA-F:.]+\](?::\d{1,5})?")


def _replicas(text: Any, source: str) -> tuple[str, ...]:
    given = text if isinstance(text, list) else re.split(r"[\s,]+", str(text or "").strip())
    found = tuple(each for each in given if each != "")
    for each in found:
        port = str(each).rpartition("]")[2].partition(":")[2]
        if not isinstance(each, str) or not _REPLICA.fullmatch(each) or int(port or 1) > 65535:
            raise SettingsError(
                f"{source}replicas` «{each}» is no host.", "Name them as HOST or HOST:PORT, with blanks between them."
            )
    return found


def _limit(name: str, text: Any, source: str) -> float | int:
    if str(text).lower() == "off" and not name.startswith("batch_"):
        return float("inf")
    value = decimal(text)
    least = {"batch_seconds": 0.001, "batch_rows": 1, "threads_running": 1}.get(name, 0)
    if not least <= value < float("inf"):
        raise SettingsError(f"{source}{name}` «{text}» is no number from {least:g} up.", _BACKFILL)
    if name == "flow_control" and value > 1:
        raise SettingsError(f"{source}{name}` «{text}» is a part of the time, so at most 1.", _BACKFILL)
    if name == "batch_rows" and value != int(value):
        raise SettingsError(f"{source}{name}` «{text}» is no whole number.", _BACKFILL)
    return int(value) if name == "batch_rows" else value


def large(
    settings: Settings, rows: object = None, size: object = None, environ: Mapping[str, str] | None = None
) -> Large:
    """From which size on a table is large: by `--large-rows` and `--large-bytes`, the environment, config.yaml.

    Read by the commands that need it only. Raises SettingsError.
    """
    environ = os.environ if environ is None else environ
    sizes = part(settings.config, "large_tables", {"rows", "bytes"}) if settings.config else {}
    found = {}
    for name, given in (("rows", rows), ("bytes", size)):
        variable, key = f"GIVEAMINUTE_LARGE_{name.upper()}", f"{settings.config}: `large_tables: {name}`"
        texts = ((f"--large-{name}", given), (variable, environ.get(variable) or None), (key, sizes.get(name)))
        told = next(((where, text) for where, text in texts if text is not None), None)
        if told is not None:
            found[name] = _count(*told)
    return Large(**found)


def _count(where: str, text: object) -> int:
    digits = str(text).replace("_", "")
    if not (digits.isascii() and digits.isdigit()):
        raise SettingsError(f"{where}: «{text}» is no number.", "Write a whole one from 0 up, such as 1000000.")
    return int(digits)


def part(file: Path, name: str, known: Collection[str]) -> dict[str, Any]:
    """A part of config.yaml that need not be there, its values as they were typed. Raises SettingsError."""
    document = _document(file)
    found = document.get(name) if isinstance(document, dict) else None
    if found is None:
        return {}
    unknown = sorted(str(key) for key in found if key not in known) if isinstance(found, dict) else [str(found)]
    if unknown:
        raise SettingsError(
            f"{file}: unknown in `{name}:`: {', '.join(unknown)}.", f"Known: {', '.join(sorted(known))}."
        )
    return dict(found)


def decimal(text: object) -> float:
    """The number that was typed; not a number (NaN), which is within no bounds, for what is none."""
    try:
        return float(str(text))
    except ValueError:
        return float("nan")


def one_value(value: object, where: str) -> str:
    """What was typed for a name that takes one value. Raises SettingsError. `where`: the setting, in words."""
    if not isinstance(value, str):
        raise SettingsError(f"{where} is a list or a mapping.", "Write one value there.")
    return value


def _root() -> Path:
    checkout = PACKAGE.parent
    return checkout if (checkout / "tasks.py").is_file() and (checkout / "setup.py").is_file() else Path.cwd()


def _url(url: str | None, config: str | None, environ: Mapping[str, str], root: Path) -> tuple[DatabaseUrl, str]:
    if url is not None:  # an empty one, of an unset shell variable, must not mean the default database
        return parse_url(url, "--url"), "--url"
    if environ.get("DATABASE_URL") and config is None:
        return parse_url(environ["DATABASE_URL"], "DATABASE_URL"), "DATABASE_URL"
    if config == "":
        raise SettingsError("--config: it is empty.", "Name a file, or leave it out.")
    file = Path(config) if config else root / "config.yaml"
    if config or file.is_file():
        return _from_config(file), str(file)
    return DatabaseUrl(SQLITE, path=str(root / DEFAULT_SQLITE_FILE)), "default"


def parse_url(text: str, source: str = "the URL") -> DatabaseUrl:
    """A DatabaseUrl from its text; user, password and database percent-encoded as in any URL."""
    scheme, colon, rest = text.partition("://")
    family = _SCHEMES.get(scheme.lower())
    if not colon or family is None:
        # Only what looks like a scheme is shown: a URL with a slip in it may have its password there.
        known = colon and re.fullmatch(r"[A-Za-z][\w+.-]*", scheme, re.ASCII)
        message = f"«{scheme}://» is no database this tool knows." if known else "this is no database URL."
        raise SettingsError(f"{source}: {message}", f"Write it as {_FORM}.")
    rest, _, query = rest.partition("?")
    return _sqlite_url(rest, query, source) if family == SQLITE else _mysql_url(rest, query, source)


def _options(query: str, source: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            raise SettingsError(
                f"{source}: unknown option «{name}».",
                f"Known: {', '.join(sorted(_OPTIONS))}. A ? in a password is written %3F.",
            )
    if not re.fullmatch(r"[1-9]\d{0,4}", options.get("connect_timeout", "10"), re.ASCII):
        raise SettingsError(
            f"{source}: connect_timeout is no number of seconds.", "Give a whole one from 1 up: connect_timeout=10"
        )
    return options


def _sqlite_url(rest: str, query: str, source: str) -> DatabaseUrl:
    if rest and not rest.startswith("/"):
        raise SettingsError(
            f"{source}: an SQLite URL has three slashes before a relative path and four before an absolute one.",
            "Write it as sqlite:///FILE or sqlite:////ABSOLUTE/FILE.",
        )
    if query:
        raise SettingsError(f"{source}: an SQLite URL takes no options.", "Leave out what follows the ?")
    path = unquote(rest[1:])
    if "\0" in path:
        raise SettingsError(f"{source}: no file's name has a NUL character in it.", f"Write it as {_FORM}.")
    return DatabaseUrl(SQLITE, path="" if path == ":memory:" else path)


def _mysql_url(rest: str, query: str, source: str) -> DatabaseUrl:
    authority, _, database = rest.partition("/")
    account, _, where = authority.rpartition("@")
    user, _, password = account.partition(":")
    if not database or "/" in database or "@" in database:
        raise SettingsError(
            f"{source}: there is no database's name at its end, or an unencoded / or ? in its password.",
            f"Write it as {_FORM}. {_ENCODING}",
        )
    remedy = f"Write it as {_FORM}, with a port from 1 to 65535. {_ENCODING}"
    hosts = tuple(_host(part, source, remedy) for part in where.split(","))
    return DatabaseUrl(
        MYSQL, unquote(database), hosts, unquote(user), unquote(password), options=_options(query, source)
    )


def _host(text: str, source: str, remedy: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(?::(\d{1,5}))?", text, re.ASCII)
    if match is None or not 0 < int(match[2] or 3306) < 65536:
        raise SettingsError(f"{source}: its host and port cannot be read.", remedy)
    return match[1].strip("[]") or "localhost", int(match[2] or 3306)


def _from_config(file: Path) -> DatabaseUrl:
    part = _document(file)
    part = part.get("database") if isinstance(part, dict) else None
    if not isinstance(part, dict):
        raise SettingsError(
            f"{file}: there is no `database:` part in it.",
            "Add one with dbn, host, user, password and db, or name the database with --url.",
        )
    return _from_mapping(part, file)


def _document(file: Path) -> Any:
    import yaml  # only an install with a config.yaml pays for it

    class Texts(yaml.SafeLoader):
        """Every value as it was typed: the password 0123 is not 83, and the password yes is not True."""

        yaml_implicit_resolvers = {  # noqa: RUF012
            first: [(tag, pattern) for tag, pattern in found if tag.endswith((":null", ":merge"))]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }

    try:
        return yaml.load(file.read_text(encoding="utf-8"), Texts)
    except yaml.MarkedYAMLError as error:
        # YAML quotes what it stumbled over, which may be a piece of the password: only marks of YAML's own are shown.
        problem = re.sub(r"'[^'<\\][^']+'", "…", error.problem or "")
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise SettingsError(
            f"{file}, line {line}: not valid YAML ({problem}).",
            "Mend that line or the one before; a password with special characters goes in 'single quotes'.",
        ) from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise SettingsError(f"{file}: not UTF-8 text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read: {error.strerror}.", "Name a file that you may read with --config."
        ) from None


def _from_mapping(part: dict[Any, Any], file: Path) -> DatabaseUrl:
    unknown = sorted(str(key).partition(":")[0] for key in part if key not in _CONFIG_KEYS)
    if unknown:
        raise SettingsError(
            f"{file}: unknown key in `database:`: {', '.join(unknown)}.", f"Known: {', '.join(sorted(_CONFIG_KEYS))}."
        )
    for name, value in part.items():
        if not isinstance(value, (str, type(None))):
            raise SettingsError(
                f"{file}: `database: {name}` is a list or a mapping, not a text.", "Put its value in 'single quotes'."
            )
    values: dict[str, str] = {name: value for name, value in part.items() if value}
    family = _SCHEMES.get(values.get("dbn", MYSQL))
    if family is None:
        raise SettingsError(
            f"{file}: `database: dbn` names no database this tool knows.",
            "Write mysql or sqlite there.",
        )
    if "db" not in values:
        raise SettingsError(f"{file}: `database: db` is missing.", "Add a line with the database's name: db: NAME")
    return _sqlite_of(values, file) if family == SQLITE else _mysql_of(values, file)


def _sqlite_of(values: Mapping[str, str], file: Path) -> DatabaseUrl:
    return DatabaseUrl(SQLITE, path=str(file.parent / values["db"]))


def _mysql_of(values: Mapping[str, str], file: Path) -> DatabaseUrl:
    host, port = values.get("host", "localhost"), values.get("port")
    remedy = "Write the host's name or address in host:, and a number from 1 to 65535 in port:."
    place = _host(host if port is None else f"{host}:{port}", str(file), remedy)
    options = {name: values[name] for name in ("unix_socket", "charset", "ssl_ca") if name in values}
    password = values.get("password", values.get("pw", ""))
    return DatabaseUrl(MYSQL, values["db"], (place,), values.get("user", ""), password, options=options)
