"""Commands in processes that can be killed: forked from one that has everything imported, so that each is quick."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_NURSERY = r"""
import json, os, sys, traceback
import sqlalchemy, alembic.operations, pymysql
import sqlalchemy.dialects.mysql
from giveaminute.management import call_command
from giveaminute.versioning import journal, lending, operations, runner, script
from giveaminute.versioning.dialects import mysql_lease, mysql_objects, mysql_operations, mysql_blockers

for line in sys.stdin:
    words = json.loads(line)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            call_command(words.pop("command"), **words)
            code = 0
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            code = int(getattr(error, "exit_code", 1))
        os._exit(code)
    print(pid, flush=True)
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


class Nursery:
    """Runs one command at a time. `errors` has what they said."""

    def __init__(self, errors: Path) -> None:
        self.errors = errors
        self._file = errors.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _NURSERY],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._file,
            text=True,
        )

    def start(self, command: str, **options: Any) -> int:
        """Start a command; returns its process id."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps({"command": command, **options}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def end(self) -> int:
        """Wait for it; returns its exit code, -9 where it was killed."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())

    def run(self, command: str, **options: Any) -> int:
        """Start it and wait."""
        self.start(command, **options)
        return self.end()

    def said(self) -> str:
        """The last words of what they said."""
        return self.errors.read_text(encoding="utf-8", errors="replace")[-2000:]

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._file.close()
