"""The session around a request: what is kept, what is not, and that nothing is left behind."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import web
from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from giveaminute.settings import Settings, parse_url
from giveaminute.webapp.session import Sessions
from tests.conftest import FreshDatabase
from tests.servers import Server, private_mariadb
from tests.webapp.serving import application, ask, served


class Base(DeclarativeBase):
    pass


class Note(Base):
    __tablename__ = "note"
    __table_args__ = {"mysql_engine": "InnoDB"}  # noqa: RUF012
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(sa.String(50), unique=True)


def sessions(url: str, **options: Any) -> Sessions:
    return Sessions(Settings(parse_url(url), "test", Path()), **options)


@pytest.fixture
def db(database_url: str) -> Iterator[Sessions]:
    made = sessions(database_url)
    Base.metadata.create_all(made.engine)
    yield made
    assert made.engine.pool.checkedout() == 0, "a connection was not given back"  # type: ignore[attr-defined]
    made.engine.dispose()


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Iterator[Sessions]:
    """Where it does not matter which database it is."""
    made = sessions(f"sqlite:///{tmp_path / 'x.db'}")
    Base.metadata.create_all(made.engine)
    yield made
    made.engine.dispose()


def notes(db: Sessions) -> list[str]:
    with db.engine.connect() as connection:
        return list(connection.scalars(sa.select(Note.text).order_by(Note.id)))


def writing(db: Sessions, after: Callable[[], Any] = lambda: "done") -> Callable[[], Any]:
    """A page that writes a note, and then does something else."""

    def page() -> Any:
        db.session.add(Note(text="new"))
        db.session.flush()
        return after()

    return page


def raising(error: Callable[[], BaseException]) -> Callable[[], Any]:
    def page() -> Any:
        raise error()

    return page


def with_status(status: str) -> Callable[[], Any]:
    def page() -> Any:
        web.ctx.status = status
        return "said so"

    return page


@pytest.mark.parametrize(
    ("after", "status", "kept"),
    [
        (lambda: "done", "200 OK", True),
        (raising(lambda: web.seeother("/next")), "303 See Other", True),
        (raising(lambda: web.created("made")), "201 Created", True),
        (with_status("202 Accepted"), "202 Accepted", True),
        (raising(lambda: web.notfound()), "404 Not Found", False),
        (raising(lambda: web.badrequest("no")), "400 Bad Request", False),
        (with_status("422 Unprocessable Entity"), "422 Unprocessable Entity", False),
        (raising(lambda: web.internalerror("no")), "500 Internal Server Error", False),
        (raising(lambda: ZeroDivisionError()), "500 Internal Server Error", False),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_answer_below_400_commits(db: Sessions, after: Callable[[], Any], status: str, kept: bool) -> None:
    app = application({"/": writing(db, after)}, db)
    assert app.request("/").status == status
    assert notes(db) == (["new"] if kept else [])


def test_what_was_committed_before_a_refusal_stays(db: Sessions) -> None:
    def page() -> Any:
        db.session.add(Note(text="a failed login"))
        db.session.commit()
        db.session.add(Note(text="half done"))
        raise web.forbidden("no")

    assert application({"/": page}, db).request("/").status == "403 Forbidden"
    assert notes(db) == ["a failed login"]


def test_a_commit_that_fails_is_an_error_and_takes_the_headers_back(db: Sessions) -> None:
    def page() -> Any:
        db.session.add_all([Note(text="same"), Note(text="same")])
        web.setcookie("done", "yes")
        raise web.seeother("/thanks")

    reply = application({"/": page}, db).request("/")
    assert reply.status == "500 Internal Server Error"
    assert not {"Location", "Set-Cookie"} & set(reply.headers)
    assert notes(db) == []


def test_an_error_that_the_handler_hid_is_not_committed(db: Sessions) -> None:
    def page() -> Any:
        db.session.add(Note(text="first"))
        db.session.add_all([Note(text="same"), Note(text="same")])
        try:
            db.session.flush()
        except sa.exc.IntegrityError:
            return "never mind"
        return "unexpected"

    assert application({"/": page}, db).request("/").status == "500 Internal Server Error"
    assert notes(db) == []


def test_the_next_request_begins_anew(db: Sessions) -> None:
    seen: list[Any] = []

    def page() -> str:
        seen.append(db.session())
        return ""

    app = application({"/": page, "/boom": writing(db, raising(KeyError))}, db)
    for path in ("/", "/boom", "/"):
        app.request(path)
    assert seen[0] is not seen[1]
    assert not db.session.registry.has()


def test_a_request_without_the_database_makes_no_connection(on_sqlite: Sessions) -> None:
    on_sqlite.engine.dispose()
    made: list[object] = []
    event.listen(on_sqlite.engine, "connect", lambda *_: made.append(1))
    assert application({"/": lambda: "hello"}, on_sqlite).request("/").data == b"hello"
    assert made == []


# Answers in pieces


def pieces(db: Sessions, *ends: Callable[[], Any]) -> Callable[[], Iterator[str]]:
    def page() -> Iterator[str]:
        db.session.add(Note(text="new"))
        db.session.flush()
        yield "one "
        yield str(len(db.session.scalars(sa.select(Note)).all()))
        for end in ends:
            end()

    return page


def test_a_body_in_pieces_has_the_session_until_its_end(db: Sessions) -> None:
    seen: list[list[str]] = []
    app = application({"/": pieces(db, lambda: seen.append(notes(db)))}, db)
    assert app.request("/").data == b"one 1"
    assert seen == [[]] and notes(db) == ["new"], "committed at its end, not before"
    assert not db.session.registry.has()


def test_a_body_in_pieces_that_fails_is_rolled_back(db: Sessions) -> None:
    app = application({"/": pieces(db, raising(KeyError))}, db)
    with pytest.raises(KeyError):
        app.request("/")
    assert notes(db) == []


def test_a_body_in_pieces_that_refuses_first_is_an_answer_like_any_other(db: Sessions) -> None:
    def redirecting() -> Iterator[str]:
        db.session.add(Note(text="kept"))
        raise web.seeother("/next")
        yield ""

    def refusing() -> Iterator[str]:
        db.session.add(Note(text="not kept"))
        raise web.notfound()
        yield ""

    app = application({"/go": redirecting, "/no": refusing}, db)
    assert [app.request(path).status for path in ("/go", "/no")] == ["303 See Other", "404 Not Found"]
    assert notes(db) == ["kept"]


def test_a_body_that_nobody_reads_to_its_end_is_rolled_back(db: Sessions) -> None:
    app = application({"/": pieces(db), "/plain": lambda: "plain"}, db)
    environ = {"PATH_INFO": "/", "REQUEST_METHOD": "GET"}
    body = iter(app.wsgifunc()(environ, lambda *_: None))
    assert next(body) == b"one "
    del body
    gc.collect()
    assert app.request("/plain").data == b"plain"
    assert notes(db) == []


def test_a_body_that_nobody_begins_to_read_leaves_nothing(db: Sessions) -> None:
    def instead(handler: Callable[[], Any]) -> str:
        handler()
        return "something else"

    def page() -> Any:
        db.session.add(Note(text="lost"))
        db.session.flush()
        return (piece for piece in ("a", "b"))

    app = application({"/": page, "/plain": lambda: "plain"}, instead, db)
    assert app.request("/").data == b"something else"
    assert app.request("/plain").data == b"something else"
    assert notes(db) == []


# More than one application, thread, process


def test_a_sub_application_shares_the_request_and_its_session(db: Sessions) -> None:
    inner = application({"/write": writing(db), "/refuse": writing(db, raising(lambda: web.notfound()))}, db)
    outer = web.application(("/inner", inner), {}, autoreload=False)
    committed: list[list[str]] = []

    def around(handler: Callable[[], Any]) -> Any:
        answer = handler()
        committed.append(notes(db))
        return answer

    outer.add_processor(db)
    outer.add_processor(around)
    assert outer.request("/inner/refuse").status == "404 Not Found"
    assert outer.request("/inner/write").status == "200 OK"
    assert committed == [[]] and notes(db) == ["new"], "by the outer one alone"


def test_requests_at_the_same_time_do_not_meet(db: Sessions) -> None:
    def page() -> str:
        number = int(web.input().number)
        db.session.add(Note(text=f"note {number}"))
        db.session.flush()
        if number % 3 == 0:
            raise web.notfound()
        return str(number)

    app = application({"/": page}, db)
    with served(app) as port, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: ask(port, f"/?number={number}"), range(60)))
    assert [reply.status for reply in found] == [404 if number % 3 == 0 else 200 for number in range(60)]
    assert sorted(notes(db)) == sorted(f"note {number}" for number in range(60) if number % 3)


def connection_of(db: Sessions) -> str:
    """Which connection the session has: the server's number of it, or the driver's object."""
    if db.engine.dialect.name == "sqlite":
        return str(id(db.session.connection().connection.driver_connection))
    return str(db.session.scalar(sa.text("SELECT CONNECTION_ID()")))


def test_a_process_that_was_forked_in_a_request_has_connections_of_its_own(db: Sessions) -> None:
    def page() -> str:
        db.session.scalars(sa.select(Note)).all()
        mine = connection_of(db)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                db.session.add(Note(text="by the child"))
                db.session.commit()
                os.write(writing, connection_of(db).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        theirs = os.read(reading, 100).decode()
        os.close(reading)
        os.close(writing)
        assert connection_of(db) == mine
        return f"{bool(theirs)} {theirs != mine}"

    app = application({"/": page}, db)
    assert app.request("/").data == b"True True"
    assert notes(db) == ["by the child"]


def test_a_server_that_was_restarted_is_noticed_by_no_request(tmp_path: Path) -> None:
    with private_mariadb(tmp_path / "server") as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE site")
        db = sessions(server.url("site"))
        Base.metadata.create_all(db.engine)

        def losing() -> Any:
            db.session.add(Note(text="lost"))
            db.session.flush()
            server.stop()
            raise web.notfound()

        app = application({"/": writing(db), "/lose": losing}, db)
        assert app.request("/lose").status == "404 Not Found", "there is nothing left to roll back"
        assert app.request("/").status == "500 Internal Server Error"
        server.start()
        assert app.request("/").status == "200 OK"
        assert notes(db) == ["new"]
        server.stop()
        server.start()  # with a connection in the pool that the server no longer knows
        assert notes(db) == ["new"]
        db.engine.dispose()


def test_a_fork_leaves_the_connections_in_the_pool_alone(mysql_family_url: str) -> None:
    db = sessions(mysql_family_url)
    question = sa.text("SELECT CONNECTION_ID()")
    with db.engine.connect() as connection:
        before = connection.scalar(question)
    child = os.fork()
    if child == 0:
        with db.engine.connect() as connection:
            os._exit(connection.scalar(question) == before)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "it has one of its own"
    with db.engine.connect() as connection:
        assert connection.scalar(question) == before
    db.engine.dispose()


def test_another_host_of_the_url_is_used_where_the_first_is_down(
    mariadb_server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(mariadb_server)
    db = sessions(f"mysql://root@127.0.0.1:1,127.0.0.1:{mariadb_server.port}/{name}")
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT DATABASE()")) == name
    db.engine.dispose()


def test_sqlite_keeps_its_foreign_keys(on_sqlite: Sessions) -> None:
    with on_sqlite.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE child (note INT REFERENCES note (id))"))
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.text("INSERT INTO child VALUES (7)"))


def test_rows_are_counted_that_matched(db: Sessions) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.insert(Note).values(text="same"))
        assert connection.execute(sa.update(Note).values(text="same")).rowcount == 1


def test_arguments_for_the_driver_reach_it(mariadb_server: Server, fresh_database: FreshDatabase) -> None:
    db = sessions(mariadb_server.url(fresh_database(mariadb_server)), connect_args={"init_command": "SET @site = 7"})
    with db.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT @site")) == 7
    db.engine.dispose()


def test_options_are_those_of_create_engine(tmp_path: Path) -> None:
    db = sessions(f"sqlite:///{tmp_path / 'x.db'}", pool_size=3)
    assert db.engine.pool.size() == 3  # type: ignore[attr-defined]
    db.engine.dispose()


# Beside web.py's own database module, which writes `paramstyle` into the driver's

BOTH = """
import sys
import warnings
import web
warnings.simplefilter("error")
warnings.filterwarnings("ignore", "'(db|passwd)' is deprecated", DeprecationWarning)  # web.py's own
from pathlib import Path
import sqlalchemy as sa
from giveaminute.settings import Settings, parse_url
from giveaminute.webapp.session import Sessions

url, first = sys.argv[1:]
place = parse_url(url)

def of_web():
    if place.family == "sqlite":
        return web.database(dbn="sqlite", db=place.path)
    (host, port), = place.hosts
    return web.database(dbn="mysql", driver="pymysql", host=host, port=port, user=place.user, pw="", db=place.database)

def of_ours():
    return Sessions(Settings(place, "test", Path()))

if first == "web":
    theirs = of_web(); ours = of_ours()
else:
    ours = of_ours(); theirs = of_web()
theirs.printing = False
for turn in (1, 2):
    theirs.insert("t", a=turn, b="100% 'web' :x ?")
    with ours.engine.begin() as connection:
        connection.execute(sa.text("INSERT INTO t VALUES (:a, :b)"), {"a": turn + 10, "b": "100% 'ours' :x ?"})
    assert [row.b for row in theirs.select("t", where="a = $a", vars={"a": turn + 10})] == ["100% 'ours' :x ?"]
    with ours.engine.connect() as connection:
        table = sa.table("t", sa.column("a"), sa.column("b"))
        question = sa.select(table.c.b).where(table.c.a.in_([turn]))
        assert connection.scalars(question).all() == ["100% 'web' :x ?"]
ours.engine.dispose()
print("both")
"""


@pytest.mark.parametrize("driver", ["sqlite3.dbapi2", "pymysql"])
def test_what_others_write_into_the_drivers_module_does_not_count(driver: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[driver], "paramstyle", "numeric")
    on_sqlite = driver.startswith("sqlite3")
    url = "sqlite:////nowhere/x.db" if on_sqlite else "mysql://root@127.0.0.1:1/x"
    assert sessions(url).engine.dialect.paramstyle == ("qmark" if on_sqlite else "pyformat")


@pytest.mark.parametrize("first", ["web", "ours"])
def test_webs_own_database_module_works_beside_it(database_url: str, first: str) -> None:
    db = sessions(database_url)
    with db.engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE t (a INT, b VARCHAR(50))"))
    db.engine.dispose()
    told = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(BOTH), database_url, first], capture_output=True, text=True, check=False
    )
    assert told.stdout.split() == ["both"], told.stderr
