"""`check` names whatever in scripts, snapshot or models is another than what a live database was made with.

Defects of one kind are seeded together and asked for once: each must be named, and whatever is named must be one.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from giveaminute.management import call_command
from giveaminute.settings import DEFAULT_REPOSITORY, SNAPSHOTS
from tests.conftest import FreshDatabase
from tests.mutations.bench import Bench
from tests.mutations.neighbours import COSMETIC, EDITED, MODEL_DEFECTS
from tests.mutations.seeding import SQLITE, Defect, seeded
from tests.mutations.snapshots import SNAPSHOT_DEFECTS
from tests.mutations.ways_up import EARLY, LATE, LATER, UPGRADES

MODELS = Path(DEFAULT_REPOSITORY).parent / "models"


@pytest.fixture
def url(bench: Bench, tmp_path: Path, fresh_database: FreshDatabase) -> str:
    """A fresh empty database of the bench's family."""
    if bench.server is None:
        return f"sqlite:///{tmp_path / 'giveaminute.db'}"
    return bench.server.url(fresh_database(bench.server))


def findings(only: str, **options: object) -> list[str]:
    """What `check` tells."""
    report = call_command("check", only=only, **options)
    return [finding.words for finding in report.findings]


def unnamed(told: Sequence[str], patterns: Sequence[str]) -> list[str]:
    return [words for words in told if not any(re.search(pattern, words) for pattern in patterns)]


def missed(told: Sequence[str], patterns: Sequence[str]) -> list[str]:
    return [pattern for pattern in patterns if not any(re.search(pattern, words) for words in told)]


def patterns_of(defects: Sequence[Defect], family: str) -> list[str]:
    return [found for defect in defects if (found := defect.pattern(family)) is not None]


@pytest.mark.parametrize(("version", "defects"), [(EARLY, UPGRADES), (LATE, LATER)], ids=["early", "late"])
def test_the_schema_names_every_defect_of_an_upgrade(
    bench: Bench, url: str, version: int, defects: Sequence[Defect]
) -> None:
    call_command("upgrade", url=url, version=version, repository=str(bench.repository().folder))
    assert findings("schema", url=url, repository=str(bench.repository().folder)) == []
    told = findings("schema", url=url, repository=str(bench.repository(defects).folder))
    assert missed(told, patterns_of(defects, bench.family)) == []
    assert unnamed(told, patterns_of(defects, bench.family)) == []


def test_an_install_from_a_defective_snapshot_is_told_by_every_defect(bench: Bench, url: str, tmp_path: Path) -> None:
    name = "models.sqlite.sql" if bench.family == SQLITE else "models.sql"
    defects = [each for each in SNAPSHOT_DEFECTS if each.file == name]
    text = seeded((Path(SNAPSHOTS) / name).read_text(encoding="utf-8"), [(each.find, each.put) for each in defects])
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / name).write_text(text, encoding="utf-8")
    call_command("load-models", url=url, folder=str(tmp_path / "sql"))
    told = findings("schema", url=url)
    patterns = [each.words for each in defects]
    assert missed(told, patterns) == []
    assert unnamed(told, patterns) == []


def test_a_snapshot_with_any_one_defect_is_stale(bench: Bench, url: str, tmp_path: Path) -> None:
    if bench.server is None:
        pytest.skip("the snapshot of both families is made where a server is: see MariaDB's run")
    call_command("upgrade", url=url)
    assert findings("snapshot", url=url) == []
    shutil.copytree(SNAPSHOTS, tmp_path / "sql")
    defect = SNAPSHOT_DEFECTS[0]
    path = tmp_path / "sql" / defect.file
    path.write_text(seeded(path.read_text(encoding="utf-8"), [(defect.find, defect.put)]), encoding="utf-8")
    (told,) = findings("snapshot", url=url, folder=str(tmp_path / "sql"))
    assert "models.sql is stale" in told


def test_the_models_name_every_defect(bench: Bench, url: str, wrong_models: str) -> None:
    call_command("upgrade", url=url)
    assert findings("models", url=url) == []
    told = [
        words.removeprefix("the models differ from head: ")
        for words in findings("models", url=url, models=wrong_models)
    ]
    patterns = [each.words for each in MODEL_DEFECTS if each.nothing_on != bench.family]
    assert missed(told, patterns) == []
    assert unnamed(told, patterns) == []


@pytest.fixture
def wrong_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The models with all defects in them, as a package of another name."""
    package = tmp_path / "wrong_models"
    shutil.copytree(MODELS, package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in package.glob("*.py"):
        edits = [(each.find, each.put) for each in MODEL_DEFECTS if each.file == path.name]
        text = seeded(path.read_text(encoding="utf-8"), edits)
        path.write_text(text.replace("giveaminute.models", "wrong_models"), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "wrong_models:Base"
    for name in [name for name in sys.modules if name.partition(".")[0] == "wrong_models"]:
        del sys.modules[name]


def test_an_edit_of_an_applied_script_that_changes_no_schema_is_named_and_a_cosmetic_one_is_not(
    bench: Bench, url: str
) -> None:
    call_command("upgrade", url=url, repository=str(bench.repository().folder))
    assert findings("scripts", url=url, repository=str(bench.repository(COSMETIC).folder)) == []
    told = findings("scripts", url=url, repository=str(bench.repository([*COSMETIC, *EDITED]).folder))
    assert missed(told, [each.words for each in EDITED]) == []
    assert unnamed(told, [each.words for each in EDITED]) == []
