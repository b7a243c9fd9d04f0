"""The tool that this one replaces can still read the row that is left: the real sqlalchemy-migrate 0.13 is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import DEFAULT_REPOSITORY
from tests import old_installs
from tests.conftest import FreshDatabase
from tests.servers import Server

REQUIREMENTS = ("sqlalchemy-migrate==0.13.0", "sqlalchemy<1.4", "setuptools<70", "pymysql")
ASK = "import sys; from migrate.versioning import api; print(api.db_version(*sys.argv[1:]))"


@pytest.fixture(scope="session")
def old_tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has sqlalchemy-migrate; it works with Python up to 3.11."""
    if sys.version_info >= (3, 12):
        pytest.skip("sqlalchemy-migrate needs Python 3.11 or older: run the tests with one")
    folder = tmp_path_factory.mktemp("old-tool")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    install = subprocess.run(
        [python, "-m", "pip", "install", "--quiet", *REQUIREMENTS], capture_output=True, check=False
    )
    if install.returncode:
        pytest.skip(f"needs a Python package index with {', '.join(REQUIREMENTS)}")
    return python


def old_db_version(python: Path, url: str) -> int:
    asked = subprocess.run(
        [python, "-W", "ignore", "-c", ASK, url, DEFAULT_REPOSITORY], capture_output=True, text=True, check=True
    )
    return int(asked.stdout)


def test_it_reads_the_row_of_a_new_install(old_tool: Path, database_url: str) -> None:
    call_command("upgrade", url=database_url)
    assert old_db_version(old_tool, database_url) == call_command("db-version", url=database_url)
    call_command("downgrade", url=database_url, version=5)
    assert old_db_version(old_tool, database_url) == 5


def test_it_reads_the_row_of_an_upgraded_old_install(
    old_tool: Path, server: Server, fresh_database: FreshDatabase
) -> None:
    name = fresh_database(server)
    with server.connect(name) as connection:
        old_installs.build(connection, name, 7)
    assert old_db_version(old_tool, server.url(name)) == 7
    call_command("upgrade", url=server.url(name))
    assert old_db_version(old_tool, server.url(name)) == call_command("version")
