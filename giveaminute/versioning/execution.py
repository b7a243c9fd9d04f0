"""One migration on its way: executed, recorded, and on a failure told where it stands."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from giveaminute.errors import Busy, ConnectionLost, HalfApplied, MigrationFailed, MigrationToolError, UsageError
from giveaminute.versioning import doubt, history
from giveaminute.versioning.backfills.pacing import Pacing
from giveaminute.versioning.database import Database
from giveaminute.versioning.doubt import Verdict
from giveaminute.versioning.failures import Telling, first_line
from giveaminute.versioning.grouping import Group, TransactionGone
from giveaminute.versioning.history import Outcome, Run
from giveaminute.versioning.plan import Step
from giveaminute.versioning.repository import Direction, Repository

if TYPE_CHECKING:
    from giveaminute.versioning import entries, journal
    from giveaminute.versioning.ahead import Ahead
    from giveaminute.versioning.backfills.place import Walked
    from giveaminute.versioning.dialects.base import Change
    from giveaminute.versioning.lease import Holder, Lease
    from giveaminute.versioning.patience import Patience
    from giveaminute.versioning.progress import HowFar
    from giveaminute.versioning.recorder import Recorder, Send
    from giveaminute.versioning.script import PythonMigration, SqlMigration
    from giveaminute.versioning.statements import Statement


@dataclass(frozen=True)
class StepResult:
    """One migration that was run. `statements`: how many it sent; `seconds`: wall time."""

    version: int
    title: str
    direction: Direction
    statements: int
    seconds: float


class Progress:
    """What a run tells while it goes on; does nothing by itself."""

    def planned(self, before: int, steps: tuple[Step, ...]) -> None:
        """The steps that will run."""

    def started(self, step: Step) -> None:
        """A step begins."""

    def sending(self, number: int, statement: str, parameters: Any) -> None:
        """A statement is about to be sent that changes something; not one that a resume passes over."""

    def notice(self, text: str) -> None:
        """A migration has something to say to the operator."""

    def backfilling(self, walked: Walked) -> None:
        """A backfill goes on: told after each batch, and again and again while it rests."""

    def in_batches(self, table: str, function: str | None) -> None:
        """What comes now is a backfill of this table, sent whole; `function` works out its values."""

    def finished(self, result: StepResult) -> None:
        """A step is done and recorded."""

    def waiting(self, holder: Holder | None) -> None:
        """Somebody else has the lease; told every second."""

    def how_far(self, reached: HowFar) -> None:
        """A statement takes long, and this is where it is; told now and then, perhaps from another thread."""

    def blocked(self, by: str) -> None:
        """A statement waits for another's lock, and will be sent again."""

    def reconnecting(self, reason: str) -> None:
        """The connection was lost; it is tried again."""


@dataclass
class StepRun:
    """One migration on its way: its recorder, its row in the history, and what becomes of both.

    `goal`: the version that the whole move goes to. `send`, `backup`, `rolling`: see `runner.run`. `at_once`: write
    down its end when it is done; else that may wait for the first statement of the next step, in whose transaction it
    is written, a commit less. After a crash in between the live schema proves that it was done. `before`: the step
    before this one. `ahead`: who may know already what the script comes to.
    """

    database: Database
    repository: Repository
    progress: Progress
    step: Step
    migration: PythonMigration | SqlMigration
    goal: int
    patience: Patience
    group: Group
    send: Send | None = None
    backup: str | None = None
    rolling: bool = False
    before: StepRun | None = None
    at_once: bool = True
    pacing: Pacing = field(default_factory=Pacing)
    ahead: Ahead | None = None
    clock: float = field(default_factory=time.monotonic)
    line: int | None = None
    seconds: float | None = None
    unrecorded: int | None = None
    """The row in the history of a migration that is done and whose end is not yet written down."""

    def run(self, stopped: Run | None, last_statement_applied: bool | None) -> StepResult | None:
        """Run and record it; None where another process moved the version row first."""
        result = (
            self._as_one_transaction()
            if self.database.dialect.transactional_ddl
            else self._by_journal(stopped, last_statement_applied)
        )
        self.before = None  # its end is written down by now; a chain of them would keep every script in memory
        return result

    def _as_one_transaction(self) -> StepResult | None:
        from giveaminute.versioning.recorder import Recorder, as_it_is

        recorder = Recorder(self.progress.sending, self.send or as_it_is)
        try:
            with self.group.step():
                if not history.advance(self.database, self.repository, self.step.before, self.step.after):
                    return None
                row = self.start(Outcome.RUNNING)
                self._execute_whole(recorder)
                history.end(self.database, row, Outcome.DONE, self._seconds())
        except TransactionGone:
            raise
        except BaseException as error:
            failure = self._failure(error, recorder)
            self._record_failure(failure or error)
            if failure is None:
                raise
            raise failure from error
        return self._result(recorder)

    def _execute_whole(self, recorder: Recorder) -> None:
        """Execute, and refuse rows that it leaves referring to nothing; those before it are counted once a group."""
        if self.step.direction is Direction.DOWNGRADE:
            self._execute(recorder)
            self.group.broken = None
            return
        before = self.group.broken
        if before is None:
            before = len(self.database.dialect.broken_references(self.database))
        self._execute(recorder)
        broken = self.database.dialect.broken_references(self.database)
        self._refuse_broken(broken, before)
        self.group.broken = len(broken)

    def _record_failure(self, error: BaseException) -> None:
        with self.group.step():
            row = self.start(Outcome.FAILED)
            history.end(self.database, row, Outcome.FAILED, self._seconds(), first_line(error))

    def _by_journal(self, stopped: Run | None, last_statement_applied: bool | None) -> StepResult:
        from giveaminute.versioning import journal
        from giveaminute.versioning.recorder import as_it_is

        taken_up = None
        if stopped is not None:
            taken_up = self.settle(stopped, last_statement_applied)
            history.resume(self.database, stopped.id, self.migration.checksum, self.backup)
            self.database.commit()
        recorder = journal.Journal(
            self.database,
            self._begin_with,
            self._settle_before,
            taken_up,
            patience=self.patience,
            title=f"{self.step.direction.value} of {self.step.script.number:03d}",
            sending=self.progress.sending,
            send=self._sending(self.send or as_it_is),
        )
        try:
            self._execute(recorder)
            if recorder.open:
                self.database.commit()
            if recorder.session_changed:
                self.database.reopen()  # what the script has set is not for our own statements
            if self.at_once or recorder.session_changed or not recorder.is_proved:
                self._finish(recorder.run)
            else:
                self.unrecorded, self.seconds = recorder.run, self._seconds()
        except BaseException as error:
            failure = self._failure(error, recorder)
            self._stop(recorder, failure or error)
            if failure is None:
                raise
            raise failure from error
        return self._result(recorder)

    def _sending(self, send: Send) -> Send:
        return send if self.ahead is None else self.ahead.sending(send)

    def _begin_with(self, first: entries.Entry, lease: Lease, session_changed: bool) -> int:
        """As `_begin`, with its first statement, in one journey where the session is still as our own SQL wants it."""
        from giveaminute.versioning import entries

        before = self.before
        if before is None or before.unrecorded is None or session_changed:
            row = self._begin()
            entries.write(self.database, row, first, lease)
            return row
        row = before.unrecorded + 1  # nobody adds rows who has not the lease
        rest = [before._ending(before.unrecorded), self._starting(row, Outcome.RUNNING)]
        rest.append(entries.writing(row, first, lease))
        advanced, *others = self.database.dialect.together(self.database, before._advancing(), rest)
        before._refuse_moved(advanced)
        self.database.lease.guarded(others[-1] > 0)
        return row

    def _begin(self) -> int:
        """Add the run to the history, after the end of the one before; after a rollback both are written again."""
        if self.before is not None and self.before.unrecorded is not None:
            self.before._end(self.before.unrecorded)
        return self.start(Outcome.RUNNING)

    def _settle_before(self) -> None:
        """Write down that the step before is done, without waiting for a statement of this one."""
        if self.before is not None and self.before.unrecorded is not None:
            self.before._finish(self.before.unrecorded)
            self.before = None

    def _finish(self, row: int | None) -> None:
        """Version row, history, an empty journal: one transaction; again where a cluster's other node was first."""
        from giveaminute.versioning import entries

        self.patience.begin()
        while True:
            try:
                self._end(self._begin() if row is None else row)  # none of a script that changed nothing
                entries.clear(self.database)
                self.database.connection.commit()
                return
            except self.database.dialect.driver_error as error:
                if not self.patience.again(error):
                    raise
                self.database.roll_back()

    def _end(self, row: int) -> None:
        """Version row and history, in the transaction under way."""
        self._refuse_moved(self.database.execute(*self._advancing()))
        self.database.execute(*self._ending(row))
        self.database.lease.guarded(True)

    def _advancing(self) -> Change:
        return history.advancing(self.database, self.repository, self.step.before, self.step.after)

    def _ending(self, row: int) -> Change:
        return history.ending(row, Outcome.DONE, self._seconds())

    def _refuse_moved(self, advanced: int) -> None:
        if not advanced:
            self.database.lease.fence()  # was it that?
            raise HalfApplied(
                f"The version row moved away from {self.step.before} while {self.step.script.number:03d} ran.",
                "Find out who changed it; then run: invoke status",
            )

    def settle(self, stopped: Run, applied: bool | None) -> entries.Stopped:
        """What of it is done. The statement in doubt is decided by what it touches.

        Raises HalfApplied where that proves nothing and nobody said.
        """
        from giveaminute.versioning import entries
        from giveaminute.versioning.online import leftovers

        leftovers.clear(self.database, stopped, self.progress.notice)
        found = entries.read(self.database, stopped.id)
        last = found[-1] if found else None
        again = False
        if last is not None and last.state is entries.State.SENT:
            verdict = self._decided(last, applied)
            entries.settle(self.database, stopped.id, last, applied=verdict is Verdict.APPLIED)
            self.database.commit()
            found = entries.read(self.database, stopped.id)
            again = verdict is Verdict.IN_PART
        again_whole = (entries.State.REFUSED, *([entries.State.WALKING] if self.pacing.whole else []))
        refused_last = bool(found) and found[-1].state in again_whole
        done = found[:-1] if refused_last else found  # one in the middle the script had caught
        return entries.Stopped(stopped.id, done, again)

    def _decided(self, last: entries.Entry, word: bool | None) -> Verdict:
        """What became of the statement in doubt. Raises HalfApplied where only a person can tell.

        `word`: what a person said of it, which is good only where the live tables prove nothing.
        """
        verdict = self._proved(last)
        if verdict is Verdict.UNKNOWN and word is not None:
            return Verdict.APPLIED if word else Verdict.NOT_APPLIED
        if verdict is Verdict.UNKNOWN:
            raise HalfApplied(
                f"{self.migration.path.name} was cut off at statement {last.number}, and whether that took effect"
                f" is not known; committed before it: {last.number - 1}. It is: {' '.join(last.statement.split())}",
                f"Look at the table, then run: {self._telling.command} --last-statement applied (or: not-applied)",
            )
        if word is not None and word is not (verdict is Verdict.APPLIED):
            raise UsageError(
                f"--last-statement: what statement {last.number} touches proves that it is {verdict.value}.",
                f"Leave the option out: {self._telling.command}",
            )
        return verdict

    def _proved(self, last: entries.Entry) -> Verdict:
        from giveaminute.versioning.recorder import shown

        dialect = self.database.dialect
        if last.reply is not None:
            return Verdict.UNKNOWN  # refused, and perhaps done in part
        if dialect.is_uneven(self.database, last.statement):
            if self.rolling:
                return Verdict.NOT_APPLIED  # the nodes that have it are passed over
            raise HalfApplied(
                f"«{shown(last.statement)}» has come to some of the nodes only.",
                f"Let it go on from node to node: {self._telling.command} --rolling",
            )
        now = dialect.evidence(self.database, last.statement)
        verdict = doubt.decide(last.statement, last.evidence, now)
        if verdict is Verdict.APPLIED and last.evidence is not None and now is not None:
            from giveaminute.versioning.proving import proved

            if doubt.changes_a_table(last.statement, last.evidence):
                return proved(self.database.url, last.statement, last.evidence, now)
        return verdict

    def _stop(self, recorder: journal.Journal, error: BaseException) -> None:
        """Record a failure: as FAILED where nothing of it is left, as STOPPED where statements were committed.

        With the connection lost there is nobody to record it: the run stays RUNNING, its last statement in doubt.
        """
        if isinstance(error, Busy):
            return  # another run has the lease, and goes on with this row
        self.database.close_if_out_of_step(error)
        try:
            self._record_stop(recorder, error)
        except self.database.dialect.driver_error as lost:
            if not self.database.dialect.is_connection_lost(lost):
                raise

    def _record_stop(self, recorder: journal.Journal, error: BaseException) -> None:
        from giveaminute.versioning import entries

        recorder.roll_back()
        if recorder.session_changed and not isinstance(error, ConnectionLost):
            self.database.reopen()
        with self.database.transaction():
            row = recorder.run
            row = self._begin() if row is None else row
            undoing = self.step.before == self.step.after  # of what an upgrade had left
            left = recorder.committed or recorder.in_part or undoing
            outcome = Outcome.STOPPED if left else Outcome.FAILED
            history.end(self.database, row, outcome, self._seconds(), first_line(error))
            if outcome is Outcome.FAILED:
                entries.clear(self.database)
            else:
                entries.settle_sent(self.database, row, recorder.committed)

    def start(self, outcome: Outcome) -> int:
        """Add the run to the history; returns its row."""
        row = history.next_row(self.database)
        self.database.execute(*self._starting(row, outcome))
        return row

    def _starting(self, row: int, outcome: Outcome) -> Change:
        script = self.step.script
        return history.starting(
            row,
            self.repository,
            script.number,
            script.title,
            self.step.direction,
            self.migration.checksum,
            outcome,
            self.backup,
        )

    def _execute(self, recorder: Recorder) -> None:
        from giveaminute.versioning.script import PythonMigration

        if not isinstance(self.migration, PythonMigration):
            self._execute_statements(self.migration.statements, recorder)
            return
        known = None if self.ahead is None else self.ahead.statements(self.step)
        if known is None:
            self._execute_python(self.migration, recorder)
        else:
            self._execute_statements(known, recorder)

    def _execute_statements(self, statements: Sequence[Statement], recorder: Recorder) -> None:
        for statement in statements:
            self.line = statement.line
            cursor = self.database.connection.cursor()
            try:
                recorder.execute(cursor, statement.text, None)
            finally:
                cursor.close()

    def _execute_python(self, migration: PythonMigration, recorder: Recorder) -> None:
        from giveaminute.versioning.backfills.running import Backfills

        function = migration.function(self.step.direction)
        dialect = self.database.dialect
        with self.database.lender.lent(recorder) as connection:
            op = dialect.operations(connection, self.step.script.number, self.repository.id)
            op.on_notice = self.progress.notice
            op.on_backfill = Backfills(self.database, recorder, self.progress, self.pacing).run
            with redirect_stdout(sys.stderr):  # stdout is for the command's result
                function(op)

    def _refuse_broken(self, broken: list[str], before: int) -> None:
        """Only more than before counts: an install may have had orphans all along, and going down brings such back."""
        if len(broken) > before:
            raise MigrationFailed(f"it leaves {len(broken) - before} rows that refer to nothing: {broken[-1]}")

    def _failure(self, error: BaseException, recorder: Recorder) -> MigrationToolError | None:
        return self._telling.failure(error, recorder, self.line, self.patience.why)

    @property
    def _telling(self) -> Telling:
        return Telling(self.database.dialect, self.step, self.migration.path, self.goal, self.repository.head)

    def _result(self, recorder: Recorder) -> StepResult:
        script = self.step.script
        if recorder.session_changed and self.database.dialect.transactional_ddl:
            self.group.commit()
            self.database.reopen()  # the next migration starts with the session that it would have if run alone
        return StepResult(script.number, script.title, self.step.direction, recorder.number, self._seconds())

    def _seconds(self) -> float:
        return time.monotonic() - self.clock if self.seconds is None else self.seconds
