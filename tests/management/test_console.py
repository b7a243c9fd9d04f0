"""How commands look on a terminal, in a pipe, and where nobody can be asked."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from giveaminute.management import call_command
from tests.management.running import ROOT, SMALL, environment, run, run_invoke
from tests.repositories import make_repository

LONG = "Move_every_word_of_every_table_of_every_place_into_another_table_of_that_place_with_its_translation"
NOTICES = (
    "def upgrade(op):\n"
    "    op.notice('Three rows of place refer to no city: ' + ', '.join(str(n) for n in range(1000, 1060)))\n\n"
    "def downgrade(op):\n    pass\n"
)
RAISES = "def upgrade(op):\n    raise ValueError('no such colour')\n\ndef downgrade(op):\n    pass\n"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
PLACE = ("--url", "sqlite:///x.db", "--repository", "r")


def on_terminal(
    *words: str, cwd: Path, columns: int = 80, answer: str | None = None, environ: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Exit code and everything that a terminal of this width was sent, as `python -m giveaminute WORDS` ran on it."""
    ours, theirs = _terminal()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {**environment(), "TERM": "xterm-256color", **(environ or {})}
    command = [sys.executable, "-m", "giveaminute", *words]
    process = subprocess.Popen(command, cwd=cwd, env=variables, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    if answer is not None:
        os.write(ours, answer.encode())
    sent = _all_from(ours)
    os.close(ours)
    return process.wait(60), sent


def _terminal() -> tuple[int, int]:
    try:
        return pty.openpty()
    except OSError as error:
        pytest.skip(f"no terminal can be made here ({error}): mount devpts on /dev/pts")


def _all_from(terminal: int) -> str:
    found = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not part:
            break
        found += part
    return found.decode("utf-8").replace("\r\n", "\n")


def lines_of(sent: str) -> list[str]:
    """Each line as it stood at some moment: those that were written over as well."""
    return [part for line in ESCAPE.sub("", sent).split("\n") for part in line.split("\r")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_repository(tmp_path / "r", {**SMALL, f"004_{LONG}.py": NOTICES})
    return tmp_path


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(columns: int, folder: Path) -> None:
    code, sent = on_terminal("upgrade", *PLACE, cwd=folder, columns=columns)
    assert code == 0
    assert max(map(len, lines_of(sent))) <= columns, sent
    assert lines_of(sent)[-2] == "4 migrations applied; now at version 4."
    code, sent = on_terminal("status", *PLACE, cwd=folder, columns=columns)
    assert code == 0
    assert max(map(len, lines_of(sent))) <= columns, sent
    assert re.findall(r"^ *(\d{3}) ", ESCAPE.sub("", sent), re.MULTILINE) == ["001", "002", "003", "004"]


def test_a_step_stands_there_while_it_runs_and_is_completed_in_its_line(folder: Path) -> None:
    on_terminal("upgrade", "--version", "1", *PLACE, cwd=folder)  # two that are short would end together
    _, sent = on_terminal("upgrade", "--version", "2", *PLACE, cwd=folder)
    (line,) = (line for line in ESCAPE.sub("", sent).split("\n") if "Fill a" in line)
    running, done = line.split("\r")
    assert running.rstrip().endswith("…")
    assert re.search(r" \d+\.\d\d s$", done)
    assert len(running) <= len(done)


def test_a_notice_and_an_error_begin_a_line_of_their_own(folder: Path) -> None:
    make_repository(folder / "bad", {"001_Tell.py": NOTICES, "002_Bad.py": RAISES})
    code, sent = on_terminal("upgrade", "--url", "sqlite:///x.db", "--repository", "bad", cwd=folder)
    assert code == 6
    lines = lines_of(sent)
    assert any(line.startswith("         Three rows of place refer to no city: 1000") for line in lines)
    assert any(line.startswith("Error: 002_Bad.py, line 2") for line in lines)


def test_a_log_keeps_a_notice_in_one_line(folder: Path) -> None:
    ran = run("upgrade", *PLACE, cwd=folder)
    assert any("1000" in line and line.endswith("1059") for line in ran.err.splitlines())


@pytest.mark.parametrize("words", [("upgrade",), ("status",), ("upgrade", "--version", "9")])
def test_colour_on_a_terminal_only_where_it_is_wanted(words: tuple[str, ...], folder: Path) -> None:
    _, sent = on_terminal(*words, *PLACE, cwd=folder)
    assert "\x1b[" in sent
    (folder / "x.db").unlink(missing_ok=True)
    for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        _, sent = on_terminal(*words, *PLACE, cwd=folder, environ=environ)
        assert "\x1b" not in sent
        (folder / "x.db").unlink(missing_ok=True)
    assert "\x1b" not in run(*words, *PLACE, cwd=folder).said


def test_a_locale_without_arrows_is_no_reason_to_fail(folder: Path) -> None:
    ran = run("upgrade", "--version", "3", *PLACE, cwd=folder, environ={"PYTHONIOENCODING": "ascii"})
    assert ran.code == 0, ran.said
    assert "\\u2191 001  Make a" in ran.err
    ran = run("script", "Été", "--repository", "r", cwd=folder, environ={"PYTHONIOENCODING": "latin-1"})
    assert ran.code == 0, ran.said
    assert run("source", "5", "--repository", "r", cwd=folder, environ={"PYTHONIOENCODING": "ascii"}).code == 0


@pytest.mark.parametrize(
    ("answer", "code", "version", "says"),
    [
        ("y\n", 0, 1, "1 migration taken back; now at version 1."),
        ("YES\n", 0, 1, "now at version 1."),
        ("n\n", 1, 2, "Nothing was done."),
        ("\n", 1, 2, "Nothing was done."),
        ("maybe\n", 1, 2, "Nothing was done."),
        ("\x04", 1, 2, "Nothing was done."),
        ("\x03", 130, 2, "Interrupted."),
    ],
    ids=["y", "yes", "n", "enter", "maybe", "end-of-file", "ctrl-c"],
)
def test_downgrade_asks_and_does_as_it_is_told(answer: str, code: int, version: int, says: str, folder: Path) -> None:
    options = {"url": f"sqlite:///{folder}/x.db", "repository": str(folder / "r")}
    call_command("upgrade", version="2", **options)
    ended, sent = answered("downgrade", "1", *PLACE, cwd=folder, answer=answer)
    assert ended == code, sent
    assert "Going down from 2 to 1 on x.db drops what the migrations added" in sent
    assert "[y/N] " in sent
    assert says in sent
    assert "Traceback" not in sent
    assert call_command("db-version", **options) == version


def answered(*words: str, cwd: Path, answer: str) -> tuple[int, str]:
    """The same, with the answer typed when the question stands there, on a terminal that the process controls."""
    for end in _terminal():
        os.close(end)  # there are terminals here
    child, terminal = pty.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background of a shell inherits it ignored
        os.chdir(cwd)
        os.execve(sys.executable, [sys.executable, "-m", "giveaminute", *words], {**environment(), "TERM": "xterm"})
    sent = b""
    while b"[y/N] " not in sent and (part := os.read(terminal, 65536)):
        sent += part
    os.write(terminal, answer.encode())
    rest = _all_from(terminal)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), sent.decode("utf-8") + rest


def test_nobody_is_asked_where_stdin_is_no_terminal(folder: Path) -> None:
    call_command("upgrade", url=f"sqlite:///{folder}/x.db", repository=str(folder / "r"), version="2")
    for words in (("downgrade", "1"), ("drop-version-control",)):
        ran = run(*words, *PLACE, cwd=folder, stdin="y\n")
        assert ran.code == 1
        assert "[y/N]" not in ran.said
        assert "add --yes" in ran.err
    assert call_command("db-version", url=f"sqlite:///{folder}/x.db", repository=str(folder / "r")) == 2


def test_nobody_is_asked_who_would_not_see_the_question(folder: Path) -> None:
    call_command("upgrade", url=f"sqlite:///{folder}/x.db", repository=str(folder / "r"), version="2")
    ours, theirs = _terminal()
    command = [sys.executable, "-m", "giveaminute", "downgrade", "1", *PLACE]
    ran = subprocess.run(
        command, cwd=folder, env=environment(), stdin=theirs, capture_output=True, timeout=60, check=False
    )
    os.close(theirs)
    os.close(ours)
    assert ran.returncode == 1
    assert b"add --yes" in ran.stderr


SHELL = 'PROGRAM="$1"; shift; "$PROGRAM" -m giveaminute "$@"'


def in_shell(tail: str, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    script = f"{SHELL} {tail}"
    command = ["bash", "-o", "pipefail", "-c", script, "bash", sys.executable, *words]
    return subprocess.run(
        command,
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_reader_that_has_enough_is_no_error(folder: Path) -> None:
    for words in (("source", "1", "--repository", "r"), ("status", *PLACE)):
        ran = in_shell("| true", *words, cwd=folder)
        assert (ran.returncode, ran.stderr.count("Error"), ran.stdout) == (0, 0, "")


def test_a_full_disk_under_the_result_is_told(folder: Path) -> None:
    ran = in_shell("> /dev/full", "version", "--repository", "r", cwd=folder)
    assert ran.returncode == 1
    assert ran.stderr == "Error: The result cannot be written: No space left on device.\n"


def test_a_migration_goes_on_when_nobody_listens_any_more(folder: Path) -> None:
    ran = in_shell("2>&1 | true", "upgrade", *PLACE, cwd=folder)
    assert ran.returncode == 0, ran
    assert call_command("db-version", url=f"sqlite:///{folder}/x.db", repository=str(folder / "r")) == 4


EURO = {
    "001_Euro_default_upgrade.sql": "CREATE TABLE a (sign VARCHAR(9) DEFAULT '€');",
    "001_Euro_default_downgrade.sql": "",
}


@pytest.mark.parametrize("words", [("upgrade", "--sql", "--url", "sqlite:///x.db"), ("source", "1")])
def test_a_result_for_a_file_is_utf_8_whatever_the_locale(words: tuple[str, ...], tmp_path: Path) -> None:
    make_repository(tmp_path / "r", EURO)
    for encoding in ("latin-1", "ascii", "utf-16"):
        ran = run(*words, "--repository", "r", cwd=tmp_path, environ={"PYTHONIOENCODING": f"{encoding}:strict"})
        assert ran.code == 0, ran.said
        assert "DEFAULT '€'" in ran.out


def test_called_from_python_the_callers_streams_stay_as_they_are(tmp_path: Path) -> None:
    make_repository(tmp_path / "r", EURO)
    program = (
        "import sys\nfrom giveaminute.management import call_command\n"
        "before = sys.stdout.encoding, sys.stdout.errors\ncall_command('version', repository='r')\n"
        "assert before == (sys.stdout.encoding, sys.stdout.errors)\nassert before[0] != 'utf-8'\n"
    )
    variables = {**environment(), "PYTHONIOENCODING": "latin-1:strict"}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=variables, check=True, timeout=60)


def test_sigterm_is_told_in_a_line_and_leaves_nothing(tmp_path: Path) -> None:
    ends = "import os, signal\n\ndef upgrade(op):\n    os.kill(os.getpid(), signal.SIGTERM)\n\n"
    ends += "def downgrade(op):\n    pass\n"
    make_repository(tmp_path / "r", {"001_Ends.py": ends})
    (tmp_path / "t").mkdir()
    words = ("test", "--url", "sqlite:///x.db", "--repository", str(tmp_path / "r"))
    for started in (run, run_invoke):
        ran = started(*words, cwd=tmp_path if started is run else ROOT, environ={"TMPDIR": str(tmp_path / "t")})
        assert ran.code == 143, ran.said
        assert ran.err.startswith("Terminated. To see where it stands: ")
        assert len(ran.err.splitlines()) == 1
        assert ran.out == ""
        assert list((tmp_path / "t").iterdir()) == []


def test_ctrl_c_while_the_program_loads_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "invoke").mkdir()
    (tmp_path / "invoke" / "__init__.py").write_text("raise KeyboardInterrupt\n")
    ran = run("version", cwd=tmp_path, environ={"PYTHONPATH": f"{tmp_path}:{ROOT}"})
    assert (ran.code, ran.out, ran.err) == (130, "", "Interrupted. Nothing was done.\n")


def test_of_two_lines_held_on_a_terminal_the_second_takes_the_place_of_the_first(tmp_path: Path) -> None:
    """Migrations that share a transaction are begun before the ones before them are told as done."""
    up = "def upgrade(op):\n    op.execute('CREATE TABLE t{0} (a INT)')\n\ndef downgrade(op):\n    pass\n"
    make_repository(tmp_path / "r", {f"00{each}_M{each}.py": up.format(each) for each in (1, 2)})
    code, sent = on_terminal("upgrade", *PLACE, cwd=tmp_path)
    lines = [ESCAPE.sub("", line) for line in sent.split("\n")]
    shown = [line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines]  # what is written over is not to be seen
    assert code == 0
    assert [line.split()[1] for line in shown if "↑" in line] == ["001", "002"]
    assert not any("…" in line for line in shown)
    assert not any(len(part) > 80 for line in lines for part in line.split("\r"))
