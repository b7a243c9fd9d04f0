"""`check --lint`: which migrations are linted, and how what is found is shown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from giveaminute.errors import ExitCode, MigrationToolError, UsageError
from giveaminute.management.ranges import migrations_named
from giveaminute.versioning.linting.rules import Finding

if TYPE_CHECKING:
    from giveaminute.management.console import Console
    from giveaminute.settings import Settings
    from giveaminute.versioning.lint import LintReport

_WIDEST = 110
_LABELS = ("why", "instead")


def lint(
    settings: Settings, asked: bool, version: object, every: bool, private: bool, others: Sequence[str]
) -> LintReport:
    """Lint the pending migrations, or those that are named. Raises UsageError for options that do not go together."""
    from giveaminute.settings import SQLITE
    from giveaminute.versioning.lint import lint_pending, lint_versions
    from giveaminute.versioning.rehearsal import pending
    from giveaminute.versioning.repository import Repository

    if not asked:
        name = "--version" if version is not None else "--all" if every else "--private"
        raise UsageError(f"{name} is for --lint.", f"Add --lint, or leave {name} out.")
    if others:
        raise UsageError(f"--lint and --{others[0]} contradict each other.", "Give one of them.")
    if every and version is not None:
        raise UsageError("--version says which to lint, and --all lints every one.", "Give one of them.")
    repository = Repository(settings.repository)
    if version is None and not every:
        if settings.url.family != SQLITE or not private:
            return lint_pending(settings.url, repository, private=private)
        first, last = pending(settings.url, repository)  # a file's copy would be a file: built from the scripts instead
    else:
        first, last = (1, repository.head) if every else migrations_named(settings, repository, version)
    for each in (first, last):
        repository.script(each)
    return lint_versions(settings.url, repository, first, last, private=private)


def show(result: LintReport, console: Console) -> int:
    """What was found on stdout, grouped by script and rule; what was not judged, silenced or failed on stderr."""
    width = min(console.width, _WIDEST)
    whole = not console.stdout.isatty()  # a program that reads it wants a finding in one line
    for each in result.linted:
        for text in lines([found for found in each.findings if found.silenced is None], width, whole=whole):
            console.result(text)
    for each in result.linted:
        for text in _silenced(each.findings):
            _say(console, f"silenced: {text}", width)
        for words in each.unjudged:
            _say(console, f"not judged: {each.file}: {words}", width)
    for words in result.unjudged:
        _say(console, f"not judged: {words}", width)
    if result.failure is not None:
        message = f"In the scratch database: {result.failure.message}"
        console.error(MigrationToolError(message, result.failure.remedy))
    return _verdict(result, console)


def _verdict(result: LintReport, console: Console) -> int:
    count = len(result.findings)
    scripts = "1 migration" if len(result.linted) == 1 else f"{len(result.linted)} migrations"
    where = f"{scripts} linted on {result.server} ({result.place})"
    if count:
        console.say(console.red(f"{count} found; {where}."))
    if result.failure is not None:  # whoever lets findings pass must hear of a migration that cannot run
        return result.failure.exit_code
    if count:
        return ExitCode.WORK_TO_DO
    if not result.linted:
        console.say("Nothing is pending, so nothing was linted; --version head lints the newest migration.")
        return ExitCode.DONE
    console.say(console.green(f"Nothing found; {where}."))
    return ExitCode.DONE


def lines(findings: Sequence[Finding], width: int, *, whole: bool) -> Iterator[str]:
    """`FILE:LINE: rule: what`, and below those that have them in common why, and what to write instead.

    `whole`: what is found is not broken into lines.
    """
    groups: dict[tuple[str, str, str, str], list[Finding]] = {}
    for found in findings:
        groups.setdefault((found.file, found.rule, found.why, found.instead), []).append(found)
    for (_, _, why, instead), group in groups.items():
        for what in dict.fromkeys(f"{place(found)}: {found.rule}: {found.words}" for found in group):
            yield what if whole else _wrapped(what, width, "  ")
        for label, words in zip(_LABELS, (why, instead), strict=True):
            yield _wrapped(f"  {label:<9}{words}", width, " " * 11)


def place(found: Finding) -> str:
    """Where it is, as editors know it."""
    return f"{found.file}:{found.line}" if found.line else found.file


def _silenced(findings: Sequence[Finding]) -> Iterator[str]:
    """One line a rule and script: how often, and the reason."""
    counts: dict[tuple[str, str, str], int] = {}
    for found in findings:
        if found.silenced is not None:
            key = (found.file, found.rule, found.silenced)
            counts[key] = counts.get(key, 0) + 1
    for (file, rule, reason), count in counts.items():
        yield f"{file}: {rule}{f' ({count} times)' if count > 1 else ''}: {reason}"


def _say(console: Console, text: str, width: int) -> None:
    console.say(console.dim(_wrapped(f"  {text}", width, "    ")))


def _wrapped(text: str, width: int, indent: str) -> str:
    return "\n".join(
        textwrap.wrap(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )
