"""A backfill as part of a run: its batches through the recorder, its pace as the run says, its progress told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from giveaminute.settings import BackfillLimits
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.backfills.place import Place, Walked

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.request import Asked, Request
    from giveaminute.versioning.backfills.walk import SendUpdates, Sets, Walk
    from giveaminute.versioning.database import Database
    from giveaminute.versioning.execution import Progress
    from giveaminute.versioning.recorder import Recorder


class Batches:
    """One backfill under way: rests, makes a batch, tells how far it is. The recorder commits in between."""

    def __init__(self, database: Database, request: Request, pacing: Pacing, told: Callable[[Walked], None]) -> None:
        """Raises MigrationFailed for what cannot be walked; nothing has been changed then."""
        from giveaminute.versioning.backfills.throttle import Throttle

        self._database = database
        self._told = told
        self._walk = walk_of(database, request, pacing)
        self._throttle = Throttle(database, pacing.limits, pacing.switch, self._rests)

    @contextmanager
    def session(self) -> Iterator[None]:
        """For as long as batches are made."""
        try:
            with self._walk.session():
                yield
        finally:
            self._throttle.close()

    def begin(self, place: Place, title: str = "") -> None:
        """From there on. `title`: of the migration, for those who wait."""
        from giveaminute.versioning.backfills.meter import Meter

        about = self._database.dialect.batching.rows_about(self._database, self._walk.table)
        self._meter = Meter(self._walk.table, about, place)
        self._title = title
        self._tell_those_who_wait(self._meter.at(place, self._walk.pace.size))

    def rest(self) -> None:
        """Come back when the next batch may run."""
        self._throttle.rest()

    def _rests(self, reason: str) -> None:
        self._tell(self._meter.resting(reason, self._walk.pace.size))

    def _tell(self, walked: Walked) -> None:
        self._tell_those_who_wait(walked)
        self._told(walked)

    def _tell_those_who_wait(self, walked: Walked) -> None:
        self._database.lease.tell(f"{self._title}, {walked.words}")

    def batch(self, place: Place) -> Place | None:
        """The next batch, not yet committed; None where all is done."""
        return self._walk.batch(place)

    def refused(self) -> None:
        """The batch was in another's way, or another in its, and was rolled back."""
        self._walk.pace.refused()

    def kept(self, before: Place, after: Place) -> None:
        """The batch was committed."""
        self._walk.kept(before, after)
        self._tell(self._meter.at(after, self._walk.pace.size))

    def ended(self, place: Place) -> None:
        """All is done."""
        self._tell(self._meter.at(place, self._walk.pace.size, ended=True))


def walk_of(database: Database, request: Request, pacing: Pacing, send: SendUpdates | None = None) -> Walk:
    """The walk that was asked for. Raises MigrationFailed."""
    from giveaminute.versioning.backfills.pace import START, START_IN_PYTHON, Pace
    from giveaminute.versioning.backfills.walk import Walk

    limits = pacing.limits or BackfillLimits()
    bounds = (limits.batch_rows, request.batch, pacing.most, database.dialect.batching.most_rows(database))
    most = min(each for each in bounds if each is not None)
    start = START if request.function is None else START_IN_PYTHON
    return Walk(database, request, Pace(limits.batch_seconds, most, start), send=send)


class Backfills:
    """Who makes the backfills of one migration."""

    def __init__(self, database: Database, recorder: Recorder, progress: Progress, pacing: Pacing) -> None:
        self._database = database
        self._recorder = recorder
        self._progress = progress
        self._pacing = pacing

    def run(self, asked: Asked) -> int:
        """Returns the rows that it changed. Raises MigrationFailed, and what a statement raises."""
        from giveaminute.versioning.backfills.request import read

        request = read(asked, self._database.dialect.syntax)
        if self._pacing.whole and not self._recorder.passing_over:
            return self._in_python(request) if request.function is not None else self._whole(request)
        return self._recorder.walk(
            *self._statement(request),
            lambda: Batches(self._database, request, self._pacing, self._progress.backfilling),
        )

    def _statement(self, request: Request) -> tuple[str, dict[str, Any] | None]:
        """The equal statement and its parameters, as `op.execute` would send it."""
        statement = request.statement(self._database.dialect.quote)
        if not request.parameters:
            return statement, None
        parameter = self._database.dialect.batching.parameter
        values = {name: parameter(value) for name, value in request.parameters.items()}
        return self._database.dialect.bind(statement), values

    def _whole(self, request: Request) -> int:
        table = walk_of(self._database, request, self._pacing).table
        self._progress.in_batches(table, None)
        cursor = self._database.connection.cursor()
        try:
            self._recorder.execute(cursor, *self._statement(request))
            return cursor.rowcount
        finally:
            cursor.close()

    def _in_python(self, request: Request) -> int:
        walk = walk_of(self._database, request, self._pacing, self._send)
        self._progress.in_batches(walk.table, getattr(request.function, "__name__", "a function"))
        place, reached = Place(), walk.batch(Place())
        while reached is not None:
            place, reached = reached, walk.batch(reached)
        return place.counted

    def _send(self, sql: str, sets: Sets) -> tuple[int, int]:
        cursor = self._database.connection.cursor()
        try:
            self._recorder.execute(cursor, sql, sets, many=True)
            return cursor.rowcount, cursor.rowcount
        finally:
            cursor.close()
