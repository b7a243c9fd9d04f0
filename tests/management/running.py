"""The real commands, run as people run them, and all that they could have changed, to be compared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from giveaminute.management import cli
from tests.servers import Server

ROOT = Path(__file__).resolve().parents[2]

SMALL = {
    "001_Make_a.py": (
        "import sqlalchemy as sa\n\n"
        'def upgrade(op):\n    op.create_table("a", sa.Column("id", sa.Integer, primary_key=True))\n\n'
        'def downgrade(op):\n    op.drop_table("a")\n'
    ),
    "002_Fill_a_default_upgrade.sql": "INSERT INTO a (id) VALUES (1);\nINSERT INTO a (id) VALUES (2);\n",
    "002_Fill_a_default_downgrade.sql": "DELETE FROM a;\n",
    "003_Make_b_default_upgrade.sql": "CREATE TABLE b (id INTEGER NOT NULL PRIMARY KEY, word VARCHAR(20));\n",
    "003_Make_b_default_downgrade.sql": "DROP TABLE b;\n",
}
"""Three migrations, in Python and SQL, for every database."""

# Root may write to files whose mode forbids it, by a capability that can be given up for good.
_WITHOUT_ROOTS_WAY = (
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0:\n"
    "    libc = ctypes.CDLL(None)\n"
    "    PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2\n"
    "    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):\n"
    "        assert libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


@dataclass(frozen=True)
class Ran:
    """A command that has ended: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything that it wrote."""
        return self.out + self.err


def run(
    *words: str,
    cwd: Path,
    environ: Mapping[str, str] | None = None,
    stdin: str | None = None,
    obeying_modes: bool = False,
) -> Ran:
    """`python -m giveaminute WORDS`, with no terminal; `obeying_modes` makes root heed the modes of files."""
    prefix = ["-c", _WITHOUT_ROOTS_WAY] if obeying_modes else []
    return _run([sys.executable, *prefix, "-m", "giveaminute", *words], cwd, environ, stdin)


def run_forked(*words: str, cwd: Path, environ: Mapping[str, str] | None = None) -> Ran:
    """The same in a process forked from this one: its own exit code and streams, in a third of the time."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            _become(["giveaminute", *words], cwd, environment(environ), out, err)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return Ran(code, *(_read(stream) for stream in (out, err)))


def _become(argv: list[str], cwd: Path, environ: Mapping[str, str], out: IO[bytes], err: IO[bytes]) -> NoReturn:
    """Be that command, and never return into the tests."""
    code = 1
    try:
        signal.alarm(60)
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(environ)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdin, sys.stdout, sys.stderr = (
            os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate(("r", "w", "w"))
        )
        sys.argv = argv
        cli.main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode("utf-8")


def run_invoke(*words: str, cwd: Path = ROOT, environ: Mapping[str, str] | None = None) -> Ran:
    """`invoke WORDS` in the checkout, whose tasks.py and invoke.yaml count."""
    return _run([sys.executable, "-m", "invoke", "--search-root", str(ROOT), *words], cwd, environ, None)


def _run(command: list[str], cwd: Path, environ: Mapping[str, str] | None, stdin: str | None) -> Ran:
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment(environ),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's, without what would change a command's mind, with `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "NO_COLOR", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), **(more or {})}


def files(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder with its content; None for a folder."""
    found = sorted(folder.rglob("*"))
    return {str(path.relative_to(folder)): None if path.is_dir() else path.read_bytes() for path in found}


_MADE = "SELECT table_name, engine, create_time, table_comment FROM information_schema.tables WHERE table_schema = %s"


def everything_in(server: Server, database: str) -> dict[str, Any]:
    """All tables of a database, ours too: definition, when it was made, checksum, rows. For comparing."""
    found: dict[str, Any] = {}
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute(f"{_MADE} ORDER BY table_name", (database,))
        for name, *facts in cursor.fetchall():
            cursor.execute(f"SHOW CREATE TABLE `{name}`")
            definition = cursor.fetchall()
            cursor.execute(f"CHECKSUM TABLE `{name}`")
            checksum = cursor.fetchall()
            cursor.execute(f"SELECT * FROM `{name}`")
            found[name] = (facts, definition, checksum, cursor.fetchall())
    return found
