"""The servers' programs take the way in that the URL names: a socket, TLS, the first of several hosts that answers."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pymysql
import pytest

from giveaminute.errors import BackupFailed, CannotConnect
from tests.conftest import FreshDatabase
from tests.servers import PrivateServer, Server, private_mariadb
from tests.versioning.backup_samples import content, needs_program, put_back, taken
from tests.versioning.test_backup import AWKWARD_PASSWORD, small

NAMES = "subjectAltName=DNS:elsewhere.example"
"""Not the address that is connected to: an authority is named in the URL, and a name is not asked for."""


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`backups/` is in the current folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two authorities, `ca` and `stranger`, and keys of `server` and `client` that `ca` signed."""
    openssl = needs_program("openssl", "openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def run(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "stranger"):
        run(*f"req -x509 -newkey rsa:2048 -nodes -days 2 -keyout {name}.key -out {name}.pem -subj /CN={name}".split())
    (folder / "names").write_text(NAMES)
    for name in ("server", "client"):
        run(*f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}".split())
        run(*f"x509 -req -in {name}.csr -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names".split(),
            "-out", f"{name}.pem")  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def tls_server(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateServer]:
    """A MariaDB with a certificate; user `tls` must encrypt, `known` must show a certificate."""
    options = [f"--ssl-{kind}={certificates / file}" for kind, file in
               (("ca", "ca.pem"), ("cert", "server.pem"), ("key", "server.key"))]  # fmt: skip
    with private_mariadb(tmp_path_factory.mktemp("tls"), *options) as server:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE DATABASE here")
            for user, demand in (("tls", "SSL"), ("known", "X509")):
                cursor.execute(f"CREATE USER {user}@'%%' IDENTIFIED BY %s REQUIRE {demand}", (AWKWARD_PASSWORD,))
                cursor.execute(f"GRANT ALL ON *.* TO {user}@'%'")
        small(server, "here")
        yield server


def url_of(server: Server, user: str, database: str, **options: object) -> str:
    secret = quote(AWKWARD_PASSWORD, safe="")
    extra = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in options.items())
    return f"mysql://{user}:{secret}@{server.host}:{server.port}/{database}?{extra}"


@contextmanager
def unproved(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let our own connection take any server for the right one."""
    real = pymysql.connect
    with monkeypatch.context() as patched:
        patched.setattr(pymysql, "connect", lambda **given: real(**{**given, "ssl_verify_cert": False}))
        yield


def jobs() -> list[int]:
    return [1, 2]


def backed_up_and_restored(server: Server, here: str, there: str, tmp_path: Path, jobs: int) -> None:
    """What came back is what was there. Skips more jobs than one without mydumper."""
    if jobs > 1:
        needs_program("mydumper", "mydumper")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS there")
        cursor.execute("CREATE DATABASE there")
    made = taken(here, tmp_path, jobs=jobs, verify=True)
    put_back(there, made.path, tmp_path, jobs=jobs)
    with server.connect("there") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM t")
        assert cursor.fetchall() == ((3,),)
    assert content(there) == content(here)


@pytest.mark.parametrize("number", jobs())
def test_encrypted_and_proved(number: int, tls_server: PrivateServer, certificates: Path, tmp_path: Path) -> None:
    ca = certificates / "ca.pem"
    here, there = (url_of(tls_server, "tls", name, ssl_ca=ca) for name in ("here", "there"))
    backed_up_and_restored(tls_server, here, there, tmp_path, number)


@pytest.mark.parametrize("number", jobs())
def test_with_a_certificate_of_the_user(
    number: int, tls_server: PrivateServer, certificates: Path, tmp_path: Path
) -> None:
    files = {"ssl_ca": "ca.pem", "ssl_cert": "client.pem", "ssl_key": "client.key"}
    options = {name: certificates / file for name, file in files.items()}
    here, there = (url_of(tls_server, "known", name, **options) for name in ("here", "there"))
    backed_up_and_restored(tls_server, here, there, tmp_path, number)


def test_a_server_of_another_authority_is_refused(
    tls_server: PrivateServer, certificates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_program("mydumper", "mydumper")
    strange = url_of(tls_server, "tls", "here", ssl_ca=certificates / "stranger.pem")
    with pytest.raises(CannotConnect, match="certificate"):
        taken(strange, tmp_path)
    for jobs in (1, 2):  # the programs refuse it by themselves too
        with pytest.raises(BackupFailed, match="certificate"), unproved(monkeypatch):
            taken(strange, tmp_path, jobs=jobs)
    with pytest.raises(CannotConnect):  # it must encrypt
        taken(url_of(tls_server, "tls", "here"), tmp_path)


@pytest.mark.parametrize("number", jobs())
def test_over_a_socket(number: int, tls_server: PrivateServer, tmp_path: Path) -> None:
    with tls_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER beside@localhost IDENTIFIED BY %s", (AWKWARD_PASSWORD,))
        cursor.execute("GRANT ALL ON *.* TO beside@localhost")
    assert tls_server.socket is not None
    secret, socket = quote(AWKWARD_PASSWORD, safe=""), quote(str(tls_server.socket), safe="")
    here, there = (f"mysql://beside:{secret}@localhost:1/{name}?unix_socket={socket}" for name in ("here", "there"))
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(host="localhost", port=1, user="beside", password=AWKWARD_PASSWORD)
    backed_up_and_restored(tls_server, here, there, tmp_path, number)


@pytest.mark.parametrize("number", jobs())
def test_the_first_host_that_answers(
    number: int, mariadb_server: Server, fresh_database: FreshDatabase, tmp_path: Path
) -> None:
    if number > 1:
        needs_program("mydumper", "mydumper")
    names = fresh_database(mariadb_server), fresh_database(mariadb_server)
    here, there = (f"mysql://root@127.0.0.1:1,127.0.0.1:{mariadb_server.port}/{name}" for name in names)
    small(mariadb_server, names[0])
    put_back(there, taken(here, tmp_path, jobs=number).path, tmp_path, jobs=number)
    assert content(there) == content(here)
