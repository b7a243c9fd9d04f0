"""What is on the pages of the status page, in words, for the templates."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from giveaminute.versioning.status import Position
from giveaminute.webapp import wording
from giveaminute.webapp.checks import Drift, Outcome, Picture
from giveaminute.webapp.overview import Overview
from giveaminute.webapp.page_settings import Checks
from giveaminute.webapp.scripts import Pending
from giveaminute.webapp.site import COMPARABLE, Site

MOST_ROWS = 20
"""Rows of a table, unless all are asked for."""
MOST_TEXT = 50_000
"""Characters of a migration's text on the page that has all of them."""
PATIENCE = 15.0
"""Seconds that a diagram may take until the page is shown without."""


@dataclass(frozen=True)
class PendingView:
    """A pending migration on the page."""

    number: str
    title: str
    file: str
    source: str | None
    sql: str | None
    sql_note: str
    losses: tuple[str, ...]
    error: str | None


@dataclass(frozen=True)
class DriftView:
    """Whether the schema is as promised. `form`: where the button sends to; None where there is none."""

    tone: str
    words: str
    remedy: str | None = None
    findings: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    form: str | None = None
    button: str = "Compare now"
    explained: str = ""


@dataclass(frozen=True)
class StatusView:
    """The page itself."""

    database: str
    tone: str
    headline: str
    words: str
    command: tuple[wording.Part, ...]
    version: str
    head: str
    pending_count: str
    known: bool
    running: wording.Running | None
    stopped: str | None
    pending: tuple[PendingView, ...]
    pending_note: str
    pending_more: str
    drift: DriftView
    runs: tuple[wording.RunRow, ...]
    runs_note: str
    migrations: tuple[wording.MigrationRow, ...]
    migrations_note: str
    all_href: str | None
    here: str


@dataclass(frozen=True)
class DiagramView:
    """The page of the diagram."""

    database: str
    words: str
    picture: Picture | None = None
    note: str = ""


def status_view(site: Site, found: Overview, base: str, all_rows: bool) -> StatusView:
    """The page. `base`: where it is mounted."""
    most = None if all_rows else MOST_ROWS
    migrations = tuple(reversed(found.migrations))
    to_come = site.pending(found)
    count = wording.pending(found)
    more = (count or 0) - len(to_come)
    return StatusView(
        database=found.database,
        tone=wording.TONES[found.position],
        headline=wording.headline(found),
        words=wording.sentence(found),
        command=wording.parts(found.command),
        version="–" if found.version is None else str(found.version),
        head="–" if found.head is None else str(found.head),
        pending_count="–" if count is None else str(count),
        known=found.head is not None,
        running=wording.running(found),
        stopped=found.statement if found.position is Position.HALF_APPLIED else None,
        pending=tuple(_pending_view(site, each, found) for each in to_come),
        pending_note=_rehearsal_note(site, to_come),
        pending_more=f"and {more:,} more, whose text is on pages of their own (below)" if more > 0 else "",
        drift=_drift_view(site, found, base),
        runs=tuple(wording.run_row(run) for run in found.runs[:most]),
        runs_note=_note(len(found.runs), most),
        migrations=tuple(wording.migration_row(each, f"{base}/source/{each.version}") for each in migrations[:most]),
        migrations_note=_note(len(migrations), most),
        all_href=f"{base}?all=1" if max(len(migrations), len(found.runs)) > (most or 10**9) else None,
        here=base or "/",
    )


def _pending_view(site: Site, each: Pending, found: Overview) -> PendingView:
    sql, note = site.sql(each, found)
    return PendingView(
        number=f"{each.version:03d}",
        title=each.title or each.file,
        file=each.file,
        source=None if each.source is None else _short(each.source),
        sql=None if sql is None else _short(_script(sql)),
        sql_note=note,
        losses=each.losses,
        error=each.error,
    )


def _rehearsal_note(site: Site, to_come: Sequence[Pending]) -> str:
    """Why the SQL of Python migrations is not there."""
    if not any(each.source is not None for each in to_come):
        return ""
    if site.rehearsal.running:
        return "A rehearsal is under way, which tells the SQL of the Python migrations."
    outcome = site.rehearsal.outcome
    if outcome is not None and outcome.error is not None:
        return f"The SQL of Python migrations is not known, since they cannot be rehearsed: {outcome.error}"
    if outcome is not None and outcome.value is not None:
        failed = outcome.value.failure
        return f"In the rehearsal: {failed}" if failed else ""
    if site.page.checks is Checks.OFF:
        return f"The SQL of Python migrations is told by: {site.placed('invoke upgrade --dry-run')}"
    return "What SQL a Python migration sends is known once it was rehearsed: press the button under «Drift»."


def _drift_view(site: Site, found: Overview, base: str) -> DriftView:
    if found.position not in COMPARABLE:
        return DriftView("note", "There is nothing to compare as it stands.")
    if site.page.checks is Checks.OFF:
        return DriftView("note", f"Not compared here (checks: off). Run: {site.placed('invoke check')}")
    if site.checking:
        return DriftView("note", "Comparing just now …")
    buttons: dict[str, Any] = {"form": f"{base}/check", "explained": _explained(site, found)}
    outcome = site.drift.outcome
    if outcome is None:
        return DriftView("note", "Not compared yet since this process started.", **buttons)
    still = outcome.about == site.about(found)
    buttons["button"] = "Compare again"
    if still and outcome.at + 60 * site.page.check_minutes > time.time():
        again = wording.moment(outcome.at + 60 * site.page.check_minutes)
        buttons = {"explained": f"It can be compared again from {again} on."}
    return _drift_found(outcome, still, buttons)


def _explained(site: Site, found: Overview) -> str:
    rehearse = " and rehearses the Python migrations" if site.is_python_pending(found) else ""
    return (
        f"It builds the promised schema in a scratch database{rehearse}, at most every {site.page.check_minutes:g}"
        " minutes. The database itself is only read."
    )


def diagram_view(site: Site, found: Overview) -> DiagramView:
    """The live schema, and in colour what the pending migrations change in it, where that was worked out."""
    if found.position in (Position.UNREACHABLE, Position.UNKNOWN):
        return DiagramView(found.database, "There is nothing to draw as it stands.")
    outcome = site.to_come.outcome
    if found.position is Position.BEHIND and outcome is not None and outcome.about == site.about(found):
        if outcome.value is not None:
            words = f"What it has, and in colour what becomes of it up to version {found.head}."
            return DiagramView(found.database, words, outcome.value)
        return _live_view(site, found, f"What is pending cannot be drawn: {outcome.error}")
    if found.position is Position.BEHIND and site.to_come.running:
        return _live_view(site, found, "What is pending is being worked out just now.")
    if found.position is Position.BEHIND and site.page.checks is not Checks.OFF:
        return _live_view(site, found, "The button under «Drift» on the status page works out what is pending, too.")
    return _live_view(site, found, "")


def _live_view(site: Site, found: Overview, note: str) -> DiagramView:
    site.live.ask(site.about(found))
    site.live.wait(PATIENCE)
    outcome = site.live.outcome
    if outcome is None or outcome.value is None:
        reason = "it takes too long" if outcome is None else outcome.error
        return DiagramView(found.database, f"It cannot be drawn: {reason}", None, note)
    return DiagramView(found.database, "What the database has.", outcome.value, note)


def _drift_found(outcome: Outcome[Drift], still: bool, buttons: dict[str, Any]) -> DriftView:
    when = f"{wording.moment(outcome.at)}, in {wording.duration(outcome.seconds)}"
    if outcome.value is None:
        words = f"It could not be compared ({when}): {outcome.error}"
        return DriftView("bad", words, outcome.remedy, **buttons)
    past = "" if still else " That was before the database or the scripts changed; compare again."
    findings, seen = outcome.value.findings, {"unseen": outcome.value.unseen, **buttons}
    if not findings:
        words = f"Schema and applied scripts were as promised ({when}).{past}"
        return DriftView("good" if still else "note", words, **seen)
    count = "1 thing was" if len(findings) == 1 else f"{len(findings)} things were"
    diff = tuple(outcome.value.diff.splitlines())
    return DriftView("bad", f"{count} not as promised ({when}).{past}", None, findings, diff, **seen)


def _script(statements: Sequence[str]) -> str:
    return "\n".join(f"{text.strip().rstrip(';')};" for text in statements)


def _short(text: str) -> str:
    more = len(text) - MOST_TEXT
    return (
        text if more <= 0 else f"{text[:MOST_TEXT]}\n… {more:,} more characters, on the page of the migration (below)"
    )


def _note(count: int, most: int | None) -> str:
    return f"; {most} of {count:,}" if most is not None and count > most else ""
