"""The commands that advice names, made those to type where the reader is: program, database, scripts."""

from __future__ import annotations

import re
from shlex import quote

from giveaminute.settings import DEFAULT_REPOSITORY, Settings

_PROGRAM = re.compile(r"\binvoke(?= [a-z-])")
_COMMAND = re.compile(r"\binvoke (?!script|source)[a-z][a-z-]*(?: --[a-z-]+ [\w+-]+(?![\w/]|\.\w)| [+-]?\d+)*")


def placed(text: str, program: str, place: str) -> str:
    """`program`: how commands are started; `place`: the options that name database and scripts, a blank before each."""
    return _PROGRAM.sub(program, _COMMAND.sub(lambda found: found[0] + place, text))


def placed_for(settings: Settings, text: str) -> str:
    """For readers of an application's page or log, who have its folder: no tasks.py where the scripts are its own."""
    if settings.repository.resolve() == DEFAULT_REPOSITORY:
        return text
    return placed(text, "python -m giveaminute", f" --repository {quote(str(settings.repository))}")
