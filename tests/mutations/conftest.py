"""A bench on each family, made once for all tests of this folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pymysql
import pytest

from giveaminute.settings import parse_url
from tests.conftest import drop_database
from tests.mutations.bench import Bench
from tests.mutations.seeding import FAMILIES, SQLITE
from tests.servers import Server

DATABASE = f"cbu_mutations_{os.getpid()}"


@pytest.fixture(scope="session")
def benches() -> Iterator[dict[str, Bench]]:
    """Those that are made already, by family."""
    made: dict[str, Bench] = {}
    yield made
    for bench in made.values():
        if bench.server is not None:
            with suppress(pymysql.err.OperationalError):  # a private server is gone, with all that it held
                drop_database(bench.server, DATABASE)


@pytest.fixture(params=FAMILIES)
def bench(request: pytest.FixtureRequest, benches: dict[str, Bench], tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """SQLite, MariaDB and MySQL in turn. A test that names its family itself gets that one."""
    family: str = request.param
    if family not in benches:
        benches[family] = _made(family, tmp_path_factory.mktemp("mutations"), request)
    return benches[family]


def _made(family: str, folder: Path, request: pytest.FixtureRequest) -> Bench:
    if family == SQLITE:
        return Bench(SQLITE, parse_url(f"sqlite:///{folder / 'untouched.db'}"), folder)
    server: Server = request.getfixturevalue(f"{family}_server")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{DATABASE}`")
    return Bench(family, parse_url(server.url(DATABASE)), folder, server)
