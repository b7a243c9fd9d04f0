"""Each statement of the run under way written down before it is sent; on a resume those that were done passed over.

Where DDL is transactional (SQLite) statements are only counted: a failure takes all of them back. On MySQL each
one is written down before it is sent, and committed with it: DML in one transaction with its entry, DDL by the
implicit commit that comes before it. So after a kill an entry for DML proves that it was done; an entry for DDL that
it was sent, with what it touches as it was before, by which the live tables decide. What the script had asked until
then stands there too, so that running it again takes the same way, with each statement that was done skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from giveaminute.errors import HalfApplied, MigrationFailed
from giveaminute.versioning import answers, doubt, elsewhere, entries, history
from giveaminute.versioning.backfills.place import Place
from giveaminute.versioning.database import Database, opened
from giveaminute.versioning.dialects.base import Cursor
from giveaminute.versioning.doubt import Evidence
from giveaminute.versioning.entries import Entry, State, Stopped
from giveaminute.versioning.lease import Lease, NoLease
from giveaminute.versioning.patience import Patience
from giveaminute.versioning.recorder import Recorder, Send, Sending, as_it_is, shown, untold
from giveaminute.versioning.sessionstate import TEMPORARY_TABLE, names_in, of_session, sets_session
from giveaminute.versioning.statementkinds import commits
from giveaminute.versioning.statements import StatementKind

if TYPE_CHECKING:
    from giveaminute.versioning.backfills.running import Batches

_BY_HAND = (
    "Restore the backup from before it, or bring the schema by hand to what the script makes"
    " and set the version row to that version."
)


class Journal(Recorder):
    """Writes each statement down before it is sent; on a resume passes over those that were done."""

    def __init__(
        self,
        database: Database,
        start: Callable[[Entry, Lease, bool], int],
        settle: Callable[[], None],
        stopped: Stopped | None = None,
        *,
        patience: Patience | None = None,
        title: str = "",
        sending: Sending = untold,
        send: Send = as_it_is,
    ) -> None:
        """`start` adds the run to the history with its first statement, under a lease, and is told whether the script
        has changed its session by then. `title`: for those who wait.

        `settle` writes what `start` would, but for the run itself, where a question comes before any statement.
        """
        super().__init__(sending, send)
        self._database = database
        self._patience = patience or Patience(database)
        self._title = title
        done = stopped.done if stopped else []
        self._again = len(done) + 1 if stopped and stopped.again else None
        self._untransactional: set[str] | None = None
        self._start = start
        self._settle = settle
        self._last: Entry | None = None
        self._run = stopped.run if stopped else None
        self._durable = stopped is not None
        self._done = done
        self._asked: list[Any] = []
        self._replayed = iter(_answers(done))
        self._sent = len(done)

    def ask(self, cursor: Cursor, statement: str, parameters: Any) -> None:
        question = entries.fingerprint(statement, parameters)
        if self.number < len(self._done):
            self._answer_again(cursor, question, statement)
            return
        if self._run is None:
            self._settle()
        try:
            self._send(cursor, StatementKind.QUERY, statement, parameters, False)
        except self._database.dialect.driver_error as error:
            if not self._database.dialect.is_connection_lost(error):
                self._asked.append([question, answers.refusal(error)])
            raise
        self._asked.append([question, answers.remember(cursor)])
        self.open = True  # by a function that it calls it may have changed something

    def refuse_elsewhere(self, what: StatementKind, statement: str) -> None:
        """A name that was right where the script was written reaches, on a scratch database, for the real one."""
        if what is StatementKind.QUERY:
            return
        reason = elsewhere.refusal(statement, self._database.url.database)
        if reason is not None:
            raise MigrationFailed(reason)

    def _answer_again(self, cursor: Cursor, question: str, statement: str) -> None:
        recorded = next(self._replayed, None)
        if recorded == entries.TOO_MUCH:
            raise HalfApplied(
                f"The migration had asked for more than {entries.MOST_ANSWERS // 1024 // 1024} MiB, which was not kept:"
                " it cannot be taken up again.",
                _BY_HAND,
            )
        if recorded is None or recorded[0] != question:
            raise HalfApplied(
                f"Before statement {self.number + 1} the script asks «{shown(statement)}»,"
                " which it did not ask there when it stopped.",
                "Bring the script back to what it was up to there, then run it again.",
            )
        answers.replay(cursor, recorded[1], self._database.dialect)

    def set_session(self, cursor: Cursor, statement: str, parameters: Any) -> None:
        if self._done:
            self._refuse_lost(statement)
        self._untransactional = None  # it may have named another engine
        super().set_session(cursor, statement, parameters)

    def change(self, cursor: Cursor, what: StatementKind, statement: str, parameters: Any, many: bool) -> None:
        asked, self._asked = self._asked, []
        if self.number <= len(self._done):
            self._skip(cursor, statement, parameters, self._done[self.number - 1])
            return
        if self._done:
            self._refuse_lost(statement)
        change = what is StatementKind.CHANGE
        together = change and self._rolls_back(statement)
        state = State.DONE if together else State.SENT
        digest, text = entries.fingerprint(statement, parameters), entries.text(statement, parameters)
        entry = Entry(self.number, state, digest, text, asked)
        self._sent = self.number - 1
        self._database.lease.tell(f"{self._title}, statement {self.number}: {statement}")
        self._patience.begin()
        self._sending(self.number, statement, parameters)
        while not self._tried(cursor, what, entry, statement, parameters, many):
            pass
        self._sent = self.number
        self._durable = True
        self.in_part = self.open = False
        if not change:
            cursor.rowcount = 0  # as on a resume, which knows no more than that it was done
            self._untransactional = None  # it may have made, renamed or converted one

    def _tried(
        self, cursor: Cursor, what: StatementKind, entry: Entry, statement: str, parameters: Any, many: bool
    ) -> bool:
        """Send it with its entry; False where another's lock was in the way, and it is to be sent again."""
        try:
            if what is not StatementKind.CHANGE:
                self._define(cursor, what, entry, statement, parameters, many)
            elif entry.state is State.DONE:
                self._change_with_entry(cursor, entry, statement, parameters, many)
            else:
                self._change_after_entry(cursor, entry, statement, parameters, many)
        except self._database.dialect.driver_error as error:
            if not self.in_part and self._patience.again(error):
                self.roll_back()
                return False
            self._refused(entry, error)
            raise
        return True

    def _define(
        self, cursor: Cursor, what: StatementKind, entry: Entry, statement: str, parameters: Any, many: bool
    ) -> None:
        """DDL: its implicit commit makes entry and fence durable, and fails with them.

        What may not commit by itself (CALL, a temporary table) must not hold the row of the lease while it runs. What
        it runs is then committed as it would be for a client: each statement of it, unless it says otherwise.
        """
        by_itself = commits(statement)
        before = replace(entry, evidence=self._evidence(entry.statement))
        self._write(before, guarded=by_itself)
        if not by_itself:
            self._database.commit()
        again = doubt.again(statement) if self.number == self._again else statement
        temporary = of_session(statement) == TEMPORARY_TABLE  # all or nothing, and nobody else's
        try:
            with self._database.dialect.committing(self._database, statement, by_itself=by_itself):
                self._send(cursor, what, again, parameters, many)
        except self._database.dialect.driver_error as error:
            if not self._database.dialect.is_connection_lost(error):
                understood = not self._database.dialect.is_no_statement(error, statement)
                changed = not by_itself and not temporary and understood
                self.in_part = changed or self._evidence(entry.statement) != before.evidence
            raise

    def _walk(self, statement: str, parameters: Any, made: Callable[[], Batches]) -> int:
        """Each batch in one transaction with the place that it came to; on a resume from the last such place."""
        asked, self._asked = self._asked, []
        digest, text = entries.fingerprint(statement, parameters), entries.text(statement, parameters)
        entry = Entry(self.number, State.WALKING, digest, text, asked)
        if self.number <= len(self._done):
            entry = self._done[self.number - 1]
            if entry.state is not State.WALKING:
                self._skip(self._database.connection.cursor(), statement, parameters, entry)
                return entry.matched
            self._refuse_another(statement, parameters, entry)
        if self._done:
            self._refuse_lost(statement)
        if self._run is None:
            self._settle()
        batches, place = made(), Place.from_json(entry.reply)
        self._sending(self.number, statement, parameters)
        with batches.session():
            batches.begin(place, self._title)
            self.roll_back()
            while (reached := self._batch(batches, entry, place)) is not None:
                batches.kept(place, reached)
                place = reached
            self._walked(replace(entry, state=State.DONE, matched=place.counted, reply=None))
            batches.ended(place)
        return place.counted

    def _batch(self, batches: Batches, entry: Entry, place: Place) -> Place | None:
        """The next batch, committed with its place; sent again, smaller, where another's lock was in the way."""
        self._patience.begin()
        while True:
            batches.rest()
            try:
                reached = batches.batch(place)
                if reached is not None:
                    self._keep(entry, place, reached)
                return reached
            except self._database.dialect.driver_error as error:
                self.roll_back()
                if not self._patience.again(error):
                    if place == Place():
                        self._refused(replace(entry, reply=None), error)
                    raise
                batches.refused()

    def _keep(self, entry: Entry, before: Place, place: Place) -> None:
        if self._run is None or before == Place():
            self._write(replace(entry, matched=place.counted, reply=place.to_json()))
        else:
            entries.walked(self._database, self._run, entry.number, place.counted, place.to_json())
        self._database.commit()
        self._sent, self._durable, self.reached = self.number, True, place.counted

    def _walked(self, entry: Entry) -> None:
        """Write down that a backfill has come to its end."""
        self._patience.begin()
        while True:
            try:
                self._write(entry)
                self._database.commit()
                break
            except self._database.dialect.driver_error as error:
                self.roll_back()
                if not self._patience.again(error):
                    raise
        self._sent, self._durable = self.number, True

    @property
    def passing_over(self) -> bool:
        return self.number < len(self._done)

    def _evidence(self, statement: str) -> Evidence | None:
        """What it touches now, in the words of a session like that in which a resume will ask again."""
        dialect = self._database.dialect
        if not self.session_changed:
            return dialect.evidence(self._database, statement)
        with opened(self._database.url, read_only=True) as apart:
            return dialect.evidence(apart, statement)

    def _change_with_entry(self, cursor: Cursor, entry: Entry, statement: str, parameters: Any, many: bool) -> None:
        """DML in one transaction with its entry, which comes second: it knows the result."""
        self._send(cursor, StatementKind.CHANGE, statement, parameters, many)
        self._write(_with_result(entry, cursor))
        self._database.commit()

    def _change_after_entry(self, cursor: Cursor, entry: Entry, statement: str, parameters: Any, many: bool) -> None:
        """DML that no transaction covers: in doubt from here on until its result is noted."""
        self._write(entry)
        self._database.commit()
        try:
            with self._database.dialect.committing(self._database, statement, by_itself=False):
                self._send(cursor, StatementKind.CHANGE, statement, parameters, many)
        except self._database.dialect.driver_error:
            self.in_part = True
            raise
        self._write(replace(_with_result(entry, cursor), state=State.DONE))
        self._database.commit()

    @property
    def is_proved(self) -> bool:
        """Whether the last statement, were the run cut off now, would be known to be done without asking a person."""
        last = self._last
        return last is not None and (last.state is State.DONE or doubt.is_told(last.statement, last.evidence))

    @property
    def run(self) -> int | None:
        """The run's row in the history; None where it is not there yet."""
        return self._run

    def _write(self, entry: Entry, *, guarded: bool = False) -> None:
        """Write it down; with `guarded` only while the lease is held, of which its end then needs no other proof."""
        self._last = entry
        lease = self._database.lease if guarded else NoLease()
        if self._run is None:
            self._run = self._start(entry, lease, self.session_changed)
        else:
            entries.write(self._database, self._run, entry, lease)

    def roll_back(self) -> None:
        """Roll back, and find out whether the run's row in the history went with it.

        A definition that was refused may have committed it before it was judged.
        """
        self._database.roll_back()
        if not self._durable and self._run is not None:
            self._durable = history.is_there(self._database, self._run)
            self._run = self._run if self._durable else None

    def _rolls_back(self, statement: str) -> bool:
        """Whether DML can share a transaction with its entry: not where it may write to a MyISAM table.

        There it takes effect at once, and MySQL with GTIDs refuses the mixture (error 1785); its entry is
        committed before it, and after a kill in between it is in doubt like DDL.
        """
        if self._untransactional is None:
            names = self._database.dialect.untransactional_tables(self._database)
            names += self._database.dialect.indirect_tables(self._database) if names else []
            self._untransactional = {name.lower() for name in names}
        return not self._untransactional or not self._untransactional & names_in(statement)

    @property
    def committed(self) -> int:
        return self._sent

    def _refuse_another(self, statement: str, parameters: Any, then: Entry) -> None:
        if entries.fingerprint(statement, parameters) != then.hash:
            raise HalfApplied(
                f"Statement {then.number} was «{shown(then.statement)}» when the migration stopped,"
                f" and is «{shown(entries.text(statement, parameters))}» now.",
                "Bring the script back to what it was up to there, then run it again.",
            )

    def _skip(self, cursor: Cursor, statement: str, parameters: Any, then: Entry) -> None:
        self._refuse_another(statement, parameters, then)
        if then.reply is not None:
            answers.replay(cursor, then.reply, self._database.dialect)
        cursor.rowcount = then.matched
        cursor.lastrowid = then.last_id
        if of_session(statement) == TEMPORARY_TABLE or sets_session(statement):
            self._refuse_lost(statement)

    def _refuse_lost(self, statement: str) -> None:
        """On a resume: what lived in the session of the run that stopped cannot be given back."""
        found = of_session(statement) or (sets_session(statement) and "what it sets")
        if found:
            raise HalfApplied(
                f"«{shown(statement)}» needs {found}, which was in the session of the run that stopped:"
                " it cannot be taken up again.",
                _BY_HAND,
            )

    def _refused(self, entry: Entry, error: Exception) -> None:
        """Put the refusal on record; where the connection was lost the entry stays as it is: in doubt."""
        if self._database.dialect.is_connection_lost(error):
            return
        self.roll_back()
        state = State.SENT if self.in_part else State.REFUSED
        self._write(replace(entry, state=state, reply=answers.refusal(error)))
        self._database.commit()
        self._durable = True


def _with_result(entry: Entry, cursor: Cursor) -> Entry:
    """The entry of a change that was done; one with RETURNING has an answer too."""
    reply = answers.remember(cursor) if cursor.description is not None else None
    return replace(entry, matched=cursor.rowcount, last_id=cursor.lastrowid or 0, reply=reply)


def _answers(done: Sequence[Entry]) -> list[Any]:
    return [answer for entry in done for answer in entry.answers]
