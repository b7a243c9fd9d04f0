"""All rules over one observed migration, and what its script silences of what they find: pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from giveaminute.versioning.linting import changes, keys, outcomes, rules, statements
from giveaminute.versioning.linting.facts import Observed
from giveaminute.versioning.linting.faults import Fault
from giveaminute.versioning.linting.lineage import Lineage
from giveaminute.versioning.linting.rules import Finding, Rule
from giveaminute.versioning.linting.silencing import Silencing


def judge(observed: Observed, silenced: Sequence[Silencing], *, is_whole: bool = True) -> tuple[Finding, ...]:
    """What is found, the silenced ones with their reason, in the order of the script.

    `is_whole`: that all it can do was seen, so that what silences nothing here is needless.
    """
    faults = list(dict.fromkeys(_faults(observed)))
    reasons = {each.rule: each.reason for each in silenced if each.reason}
    found = [_finding(fault, observed.file, reasons.get(fault.rule.name)) for fault in faults]
    met = {fault.rule.name for fault in faults}
    found += _of_silencings(observed, silenced, met, is_whole)
    return tuple(sorted(found, key=lambda each: (each.line or 0, each.rule)))


def _faults(observed: Observed) -> Iterator[Fault]:
    named = {name for seen in observed.statements for name in seen.before}  # of thousands the others are as they were
    tables = {name: table for name, table in observed.tables.items() if name in named}
    lineage = Lineage(tables, observed.syntax)
    for seen in observed.statements:
        yield from changes.of_statement(seen, observed, lineage)
        lineage.follow(seen)
    yield from outcomes.of_outcome(observed, lineage)
    yield from keys.of_tables(observed, lineage)


def _finding(fault: Fault, file: str, reason: str | None) -> Finding:
    seen = fault.seen
    return Finding(
        fault.rule.name,
        file,
        seen.line if seen else None,
        seen.number if seen else None,
        fault.words,
        fault.why or fault.rule.why,
        fault.instead or fault.rule.instead,
        reason,
    )


def _of_silencings(
    observed: Observed, silenced: Sequence[Silencing], met: set[str], is_whole: bool
) -> Iterator[Finding]:
    for each in silenced:
        if not each.rule or (each.rule in rules.RULES and not each.reason):
            what = f"{each.rule} is silenced" if each.rule else "something is silenced"
            yield _about(rules.SILENCING_WITHOUT_REASON, observed, each, f"{what} without a reason")
        elif each.rule not in rules.RULES:
            yield _about(rules.UNKNOWN_RULE, observed, each, f"there is no rule {each.rule}")
        elif each.rule not in met and is_whole and not _could_meet(rules.RULES[each.rule], observed):
            yield _about(rules.NEEDLESS_SILENCING, observed, each, f"nothing here is {each.rule}")


def _about(rule: Rule, observed: Observed, silencing: Silencing, words: str) -> Finding:
    return Finding(rule.name, observed.file, silencing.line, None, words, rule.why, rule.instead)


def _could_meet(rule: Rule, observed: Observed) -> bool:
    """Whether another server could find what this one does not: where it is asked to change a table that was there."""
    return rule.by_server and any(
        statements.words_of(seen.text, observed.syntax).verb in ("ALTER", "CREATE", "DROP")
        and observed.tables.keys() & seen.before.keys()
        for seen in observed.statements
    )
