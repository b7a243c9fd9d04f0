"""What the status page tells programs: all of it as /migrations.json, and the little that moves as now.json."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from enum import Enum
from typing import Any

from giveaminute.webapp import wording
from giveaminute.webapp.overview import Overview
from giveaminute.webapp.scripts import Pending
from giveaminute.webapp.site import Site


def at_the_moment(site: Site, found: Overview) -> dict[str, Any]:
    """The little that a page asks for every second."""
    running = wording.running(found)
    return {
        "stamp": site.stamp(found),
        "busy": site.busy(found),
        "state": found.position.value,
        "words": wording.sentence(found),
        "version": found.version,
        "head": found.head,
        "pending": wording.pending(found),
        "running": None
        if running is None
        else {
            "what": running.what,
            "value": running.value,
            "text": running.text,
            "statement": running.statement,
            "sql": running.sql,
        },
    }


def document(site: Site, found: Overview) -> dict[str, Any]:
    """All facts, for programs."""
    drifted = site.drift.outcome
    return {
        "at": datetime.fromtimestamp(found.at, timezone.utc).isoformat(timespec="seconds"),
        "database": found.database,
        "state": found.position.value,
        "words": found.words,
        "next_command": found.command,
        "version": found.version,
        "head": found.head,
        "pending": [_pending_document(site, each, found) for each in site.pending(found)],
        "migrations": [_plain(asdict(each)) for each in found.migrations],
        "history": [_plain(asdict(each)) for each in found.runs],
        "holder": None if found.holder is None else asdict(found.holder),
        "running": None
        if found.underway is None
        else {**asdict(found.underway), "whole": found.underway.whole, "seconds_left": found.seconds_left},
        "paused": found.paused,
        "drift": None
        if drifted is None
        else {
            "at": datetime.fromtimestamp(drifted.at, timezone.utc).isoformat(timespec="seconds"),
            "current": drifted.about == site.about(found),
            "findings": None if drifted.value is None else list(drifted.value.findings),
            "error": drifted.error,
        },
    }


def _pending_document(site: Site, each: Pending, found: Overview) -> dict[str, Any]:
    sql, _ = site.sql(each, found)
    return {
        "version": each.version,
        "title": each.title,
        "file": each.file,
        "statements": None if sql is None else list(sql),
        "source": each.source,
        "loses": list(each.losses),
        "error": each.error,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}
