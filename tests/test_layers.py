"""What is imported when: commands cost nothing to list, and nothing to do costs little."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.management.command import commands

ROOT = Path(__file__).resolve().parents[1]
HEAVY = {"sqlalchemy", "alembic", "rich", "web", "yaml", "pymysql"}
INVOKES_OWN = {"yaml"}  # its vendored one imports PyYAML where there is one
TO_MIGRATE = {"sqlalchemy", "alembic", "rich"}


def imported_by(program: str, *arguments: str) -> set[str]:
    """The top-level packages that a fresh Python has imported after this program."""
    told = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint('\\n'.join(sys.modules))", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.partition(".")[0] for name in told.stdout.split()}


def test_listing_the_commands_imports_nothing_heavy() -> None:
    program = (
        "import giveaminute.management.cli\n"
        "from giveaminute.management.command import commands\n"
        "assert len(commands()) >= 9"
    )
    assert imported_by(program) & HEAVY <= INVOKES_OWN


def test_making_the_tasks_imports_nothing_heavy() -> None:
    assert imported_by("from giveaminute.management.cli import namespace; namespace()") & HEAVY <= INVOKES_OWN


@pytest.mark.parametrize("command", ["upgrade", "status", "db-version"])
def test_nothing_to_do_on_sqlite_imports_no_sqlalchemy(tmp_path: Path, command: str) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    call_command("upgrade", url=url)
    program = (
        "import sys\nfrom giveaminute.management.command import load\n"
        "from giveaminute.management.console import Console\nfrom giveaminute.management.invocation import run\n"
        "assert run(load(sys.argv[1]), Console(stdout=sys.stderr), {'url': sys.argv[2]}) == 0"
    )
    assert imported_by(program, command, url) & HEAVY == set()


def test_a_migration_in_sql_on_sqlite_needs_no_sqlalchemy(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "migrate.cfg").write_text("[db_settings]\nrepository_id=cbu\n")
    for direction, sql in (("upgrade", "CREATE TABLE t (a INT)"), ("downgrade", "DROP TABLE t")):
        (tmp_path / "versions" / f"001_default_{direction}.sql").write_text(sql)
    program = (
        "import sys\nfrom giveaminute.management import call_command\n"
        "assert call_command('upgrade', url=sys.argv[1], repository=sys.argv[2]).after == 1"
    )
    assert imported_by(program, f"sqlite:///{tmp_path / 'x.db'}", str(tmp_path)) & TO_MIGRATE == set()


@pytest.mark.parametrize("unwanted", ["", "1"])
def test_invoke_compiles_the_package_once_unless_python_is_told_not_to(tmp_path: Path, unwanted: str) -> None:
    shutil.copytree(ROOT / "giveaminute", tmp_path / "giveaminute", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "tasks.py", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": unwanted}
    command = [sys.executable, "-m", "invoke", "--search-root", str(tmp_path), "version"]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True)
    compiled = {path.name.partition(".")[0] for path in (tmp_path / "giveaminute").rglob("*.pyc")}
    assert {"cli", "errors", "repository"} - compiled == ({"cli", "errors", "repository"} if unwanted else set())


def imports(path: Path) -> set[str]:
    """The modules that a file names in its imports, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def test_nobody_imports_the_migrations() -> None:
    files = [path for folder in ("giveaminute", "tests") for path in (ROOT / folder).rglob("*.py")]
    guilty = [
        path.name
        for path in [*files, ROOT / "tasks.py", ROOT / "setup.py"]
        if any(name.startswith("giveaminute.migrations") for name in imports(path))
    ]
    assert len(files) > 50 and guilty == []


def test_migrations_import_only_what_outlives_the_tool() -> None:
    allowed = {"sqlalchemy", *sys.stdlib_module_names}
    scripts = sorted((ROOT / "giveaminute" / "migrations" / "versions").glob("*.py"))
    strangers = {
        f"{path.name}: {name}" for path in scripts for name in imports(path) if name.partition(".")[0] not in allowed
    }
    assert len(scripts) >= 11 and strangers == set()


def test_the_engine_neither_prints_nor_exits_nor_asks() -> None:
    called = {
        f"{path.name}, line {node.lineno}: {node.func.id}"
        for path in (ROOT / "giveaminute" / "versioning").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("print", "input", "exit")
    }
    assert called == set()


def test_only_the_dialects_know_which_database_it_is() -> None:
    drivers = {"sqlite3", "pymysql"}
    engine = ROOT / "giveaminute" / "versioning"
    guilty = [path.name for path in engine.glob("*.py") if drivers & {name.partition(".")[0] for name in imports(path)}]
    assert guilty == []


def test_every_command_has_a_summary_and_help_for_each_option() -> None:
    for command in commands().values():
        assert command.help.endswith("."), command.name
        assert all(option.help for option in command.options), command.name


def test_a_command_on_a_database_takes_the_scripts_folder_too() -> None:
    """Advice to run one repeats both options, whichever command gave it."""
    on_databases = [command for command in commands().values() if command.option("url")]
    assert [command.name for command in on_databases if not command.option("repository")] == []
