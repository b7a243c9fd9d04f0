"""Putting a database under version control, with evidence of which version it is at, and taking it out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from giveaminute.errors import MigrationToolError, NotUnderVersionControl, UnprovenVersion, UsageError
from giveaminute.versioning import history, plan, status
from giveaminute.versioning.database import Database
from giveaminute.versioning.evidence import Evidence, Fit, NearMiss, Weight, judge
from giveaminute.versioning.promises import OnVersion, promises
from giveaminute.versioning.repository import Repository
from giveaminute.versioning.runner import application_schema
from giveaminute.versioning.unseen import unseen

MOST_MISSES = 3
"""Near misses that a message lists."""
MOST_DIFFERENCES = 5
"""Differences that a message lists of each."""


@dataclass(frozen=True)
class Proof:
    """What the live schema says. `differences`: what speaks against the version recorded, where it was forced.

    `found` of the `promised` tables and views of the version are there. `remarks`: what differs and tells no version
    apart, `summary` the same in few words. `untold`: why there is no evidence.
    """

    matches: tuple[int, ...] = ()
    promised: int = 0
    found: int = 0
    differences: tuple[str, ...] = ()
    near_misses: tuple[NearMiss, ...] = ()
    remarks: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    untold: str | None = None


@dataclass(frozen=True)
class Adoption:
    """What `version-control` did. `changed` is False where the row was there already, at this version.

    `proof` is None where there was nothing to look at.
    """

    database: str
    version: int
    changed: bool
    forced: bool = False
    proof: Proof | None = None


def adopt(database: Database, repository: Repository, planned: Adoption) -> Adoption:
    """Write the version row. Raises UsageError where another one has been written meanwhile; Busy."""
    if not planned.changed:
        return planned
    with database.leased(0, "version-control", lambda holder: None):
        database.dialect.prepare(database, repository.version_table)
        with database.transaction():
            recorded = history.version(database, repository)
            if recorded is not None:
                return _already(database, recorded, planned.version)
            history.put_under_control(database, repository, planned.version)
    return planned


def adoption(
    database: Database,
    repository: Repository,
    wanted: str | None,
    *,
    force: bool = False,
    on_version: OnVersion = lambda version, last: None,
) -> Adoption:
    """What `adopt` is to do, or its refusal: UsageError, UnprovenVersion; DatabaseAhead, HalfApplied, Busy.

    Only asks; builds the versions elsewhere.
    """
    recorded, tables = history.standing(database, repository)
    if recorded is not None:
        plan.refuse_ahead(repository.scripts, recorded)
        status.refuse_unfinished(database, repository)
    number = plan.target_version(wanted, recorded or 0, repository.head) if wanted is not None else None
    if recorded is not None:
        return _already(database, recorded, number)
    if not tables:
        if number:
            raise UsageError(
                f"{database.url.name} is empty, which is version 0 and not {number}.", "Build it: invoke upgrade"
            )
        return Adoption(database.url.name, 0, changed=True)
    try:
        evidence = evidence_of(database, repository, number, on_version)
    except MigrationToolError as error:
        if not force or number is None:
            raise
        proof = Proof(untold=error.message)
        return Adoption(database.url.name, number, changed=True, forced=True, proof=proof)
    return _told(database.url.name, evidence) if number is None else _named(database, evidence, number, force)


def evidence_of(database: Database, repository: Repository, asked: int | None, on_version: OnVersion) -> Evidence:
    """The live schema against every version. Raises CannotConnect, RepositoryError."""
    live = application_schema(database, repository)
    hidden = unseen(database.dialect.unseen_kinds(database), live)
    database.roll_back()
    promised = promises(database.url, repository, on_version)
    visible = {version: hidden.left_out(schema) for version, schema in promised.schemas.items()}
    found = judge(replace(promised, schemas=visible), hidden.left_out(live), asked)
    return replace(found, unseen=hidden.words)


def _already(database: Database, recorded: int, number: int | None) -> Adoption:
    if number not in (None, recorded):
        raise UsageError(
            f"{database.url.name} is under version control already, at version {recorded}.",
            f"To move it run: invoke {'upgrade --version' if (number or 0) > recorded else 'downgrade'} {number}",
        )
    return Adoption(database.url.name, recorded, changed=False)


def _told(name: str, evidence: Evidence) -> Adoption:
    """The one version that the schema tells."""
    matches = evidence.matches
    if not matches:
        raise _unproven(
            evidence,
            f"{name} has tables, and they are those of no version{_reach(evidence)}. Nearest:"
            + _misses(evidence.near_misses()),
            "If it is known where it is (by the old tool's db_version, or the number in the models.sql it came from),"
            " say it: invoke version-control --version N --force",
        )
    if not any(evidence.fits[match].found for match in matches):
        raise _unproven(
            evidence,
            f"{name} has tables, but none that a migration here makes: nothing tells which version it is at.",
            f"If they may stay beside those of this application: invoke version-control --version {matches[0]}",
        )
    if len(matches) > 1:
        raise _unproven(
            evidence,
            f"{name} has the schema that versions {_listed(matches, 'and')} share: only the rows can differ.",
            f"Say {_listed(matches, 'or')}, as the old tool's db_version did:"
            f" invoke version-control --version {matches[0]}",
        )
    (match,) = matches
    return Adoption(name, match, changed=True, proof=_proof(evidence, evidence.fits[match]))


def _named(database: Database, evidence: Evidence, number: int, force: bool) -> Adoption:
    """The version that was named, where nothing speaks against it, or it is forced."""
    name = database.url.name
    if number not in evidence.fits:
        untold = f"what version {number} promises is not known: {evidence.obstacle}"
        if not force:
            raise _unproven(
                evidence,
                f"{name}: {untold}",
                f"To say it all the same: invoke version-control --version {number} --force",
            )
        proof = Proof(matches=evidence.matches, untold=untold)
        return Adoption(name, number, changed=True, forced=True, proof=proof)
    against = evidence.against(number)
    if against and not force:
        raise _unproven(
            evidence,
            f"{name} is not at version {number}:{_some(against)}{_instead(evidence)}",
            _remedy(evidence, number),
        )
    proof = _proof(evidence, evidence.fits[number])
    return Adoption(name, number, changed=True, forced=bool(against), proof=proof)


def _instead(evidence: Evidence) -> str:
    matches = evidence.matches
    if not any(evidence.fits[match].found for match in matches):
        return ""
    return f"\n  Its schema is that of version{'s' if len(matches) > 1 else ''} {_listed(matches, 'or')}."


def _remedy(evidence: Evidence, number: int) -> str:
    forced = f"invoke version-control --version {number} --force"
    if len(evidence.matches) == 1 and evidence.fits[evidence.matches[0]].found:
        return f"Run: invoke version-control --version {evidence.matches[0]} (or, if you know better: {forced})"
    return f"To say it all the same: {forced}"


def _proof(evidence: Evidence, fit: Fit) -> Proof:
    return Proof(
        matches=evidence.matches,
        promised=fit.promised,
        found=fit.found,
        differences=evidence.against(fit.version),
        near_misses=evidence.near_misses()[:MOST_MISSES],
        remarks=fit.remarks,
        summary=(*_summary(fit), *evidence.unseen),
    )


def _summary(fit: Fit) -> tuple[str, ...]:
    """Own tables and the like by name, all else counted."""
    others = [each for each in fit.findings if each.weight is not Weight.CONTRADICTION]
    counted = Counter(each.note for each in others if not each.extra)
    own = tuple(each.words for each in others if each.extra)
    return (*(f"{note}: {count}" for note, count in sorted(counted.items())), *own)


def _unproven(evidence: Evidence, message: str, remedy: str) -> UnprovenVersion:
    misses = [asdict(miss) for miss in evidence.near_misses()[:MOST_MISSES]]
    remarks = {str(match): evidence.fits[match].remarks for match in evidence.matches}
    return UnprovenVersion(message, remedy, {"matches": evidence.matches, "near_misses": misses, "remarks": remarks})


def _misses(misses: Sequence[NearMiss]) -> str:
    lines = [
        f"\n  {_listed(miss.versions, 'or')} ({_counted(len(miss.differences))}):{_some(miss.differences)}"
        for miss in misses[:MOST_MISSES]
    ]
    return "".join(lines)


def _some(differences: Sequence[str]) -> str:
    rest = len(differences) - MOST_DIFFERENCES
    shown = [*differences[:MOST_DIFFERENCES], *([f"and {rest} more"] if rest > 0 else [])]
    return "".join(f"\n    {words}" for words in shown)


def _counted(number: int) -> str:
    return "1 difference" if number == 1 else f"{number} differences"


def _reach(evidence: Evidence) -> str:
    return f" up to {evidence.reached} (above, {evidence.obstacle})" if evidence.obstacle else ""


def _listed(numbers: Sequence[int], word: str) -> str:
    """`7 or 8`, `3, 4 and 5`, and of many consecutive ones `0 to 900`."""
    if len(numbers) > 3 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    first, last = numbers[:-1], str(numbers[-1])
    return f"{', '.join(map(str, first))} {word} {last}" if first else last


def released_version(database: Database, repository: Repository) -> int:
    """The version that `release` would give up. Raises NotUnderVersionControl. Only asks."""
    recorded = history.version(database, repository)
    if recorded is None:
        raise NotUnderVersionControl(f"{database.url.name} is not under version control.", "There is nothing to drop.")
    return recorded


def release(database: Database, repository: Repository) -> int:
    """Remove the version row; returns the version it held."""
    recorded = released_version(database, repository)
    with database.transaction():
        history.drop_control(database, repository)
    return recorded
