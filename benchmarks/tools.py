"""The tools that are compared: how each keeps its migrations, is installed, started, and asked what it recorded.

All get the same migrations: an odd one makes a table, the even one after it adds a column and an index to that.
"""

from __future__ import annotations

import os
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from benchmarks.places import Place
from tests.repositories import make_repository

ROOT = Path(__file__).resolve().parent.parent
Command = Sequence[str | Path]


def table(number: int) -> str:
    """The table that a migration is about."""
    return f"t{(number + 1) // 2:05d}"


def statements(number: int) -> list[str]:
    """What a migration comes to in SQL."""
    name = table(number)
    if number % 2:
        return [f"CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(50))"]
    return [f"ALTER TABLE {name} ADD COLUMN more INTEGER", f"CREATE INDEX ix_{name}_more ON {name} (more)"]


def backwards(number: int) -> list[str]:
    """What takes a migration back in SQL."""
    name = table(number)
    if number % 2:
        return [f"DROP TABLE {name}"]
    on_mysql = f"DROP INDEX ix_{name}_more ON {name}"
    return [on_mysql, f"ALTER TABLE {name} DROP COLUMN more"]


def _op(number: int) -> tuple[str, str]:
    """The same in Alembic's words, which are ours too: up and down."""
    name = table(number)
    if number % 2:
        columns = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50))'
        return f'    op.create_table("{name}", {columns})\n', f'    op.drop_table("{name}")\n'
    index = f'"ix_{name}_more", "{name}"'
    return (
        f'    op.add_column("{name}", sa.Column("more", sa.Integer))\n    op.create_index({index}, ["more"])\n',
        f'    op.drop_index({index})\n    op.drop_column("{name}", "more")\n',
    )


def clean_environment(**more: str) -> dict[str, str]:
    """The environment without what would make Python's start other than it is where people work."""
    return {**{name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}, **more}


def run(command: Command, folder: Path | None = None, **environment: str) -> str:
    """Run a command that is not timed; its stdout. Raises RuntimeError where it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


class Tool(ABC):
    """One tool. `packages`: what pip installs for it, none where it is in this Python."""

    name: str
    packages: Sequence[str] = ()

    def __init__(self, environments: Path | None) -> None:
        """`environments`: the folder of those that the peers are installed into; None takes this Python's own."""
        self._own = bool(self.packages) and environments is not None
        self.environment = environments / self.name if environments and self._own else Path(sys.prefix)

    def install(self) -> None:
        """Into a virtual environment of its own, once."""
        if self._own and not self.program("python").exists():
            print(f"Installing {', '.join(self.packages)} into {self.environment} ...", file=sys.stderr)
            run([sys.executable, "-m", "venv", self.environment])
            run([self.program("python"), "-m", "pip", "install", "--quiet", *self.packages])

    @property
    def version(self) -> str:
        """Its name and version."""
        code = f"import importlib.metadata as m; print(m.version({(self.packages or ['giveaminute'])[0]!r}))"
        return f"{self.name} {run([self.program('python'), '-c', code]).strip()}"

    @abstractmethod
    def make(self, folder: Path, count: int) -> Path:
        """Write migrations 1 to `count` and all that goes with them; returns the folder that a command starts in."""

    @abstractmethod
    def upgrade(self, folder: Path, url: str, to: int | None = None) -> Command:
        """The command line that brings the database to the newest migration, or to one."""

    @abstractmethod
    def recorded(self, place: Place, name: str) -> int:
        """How many migrations it has put on record there."""

    @abstractmethod
    def stamp(self, folder: Path, place: Place, name: str, count: int) -> None:
        """Put `count` migrations on record in an empty database as its upgrade would, without running them."""

    def program(self, name: str) -> Path:
        """One of the programs in its environment."""
        return self.environment / "bin" / name


class Ours(Tool):
    """`invoke` from the checkout, with migrations in Python."""

    name = "giveaminute"

    def make(self, folder: Path, count: int) -> Path:
        return make_repository(
            folder, {name: text for number in range(1, count + 1) for name, text in self._of(number)}
        )

    def _of(self, number: int) -> list[tuple[str, str]]:
        up, down = _op(number)
        text = f'"""M{number}."""\n\nimport sqlalchemy as sa\n\n\ndef upgrade(op):\n{up}\n\ndef downgrade(op):\n{down}'
        return [(f"{number:03d}_M{number}.py", text)]

    def invoke(self, *words: str | Path) -> Command:
        """The command line of one of our commands."""
        return [self.program("invoke"), "--search-root", ROOT, *words]

    def upgrade(self, folder: Path, url: str, to: int | None = None) -> Command:
        end = [] if to is None else ["--version", str(to)]
        return self.invoke("upgrade", "--url", url, "--repository", folder, *end)

    def recorded(self, place: Place, name: str) -> int:
        version = int(place.query(name, "SELECT version FROM migrate_version")[0][0])
        done = place.count(name, "migrate_history", "outcome = 'done'")
        assert done == version, f"{done} runs in the history of version {version}"
        assert place.count(name, "migrate_journal") == 0, "the journal was not cleared"
        return version

    def stamp(self, folder: Path, place: Place, name: str, count: int) -> None:
        run(self.upgrade(folder, place.fresh(name), 1))
        columns = "title, direction, checksum, started, finished, seconds, user, host, outcome"
        sql = (
            f"INSERT INTO migrate_history (repository_id, version, {columns})"
            f" SELECT repository_id, {{}}, {columns} FROM migrate_history WHERE version = 1"
        )
        place.run(name, [sql.format(number) for number in range(2, count + 1)])
        place.run(name, [f"UPDATE migrate_version SET version = {count}"])


class OursInSql(Ours):
    """The same with migrations in SQL."""

    name = "giveaminute, SQL scripts"

    def _of(self, number: int) -> list[tuple[str, str]]:
        up, down = (";\n".join(found) + ";\n" for found in (statements(number), backwards(number)))
        return [(f"{number:03d}_default_upgrade.sql", up), (f"{number:03d}_default_downgrade.sql", down)]


class Alembic(Tool):
    """As `alembic init` sets it up."""

    name = "alembic"
    packages = ("alembic", "PyMySQL")

    def make(self, folder: Path, count: int) -> Path:
        run([self.program("alembic"), "--config", folder / "alembic.ini", "init", folder / "m"])
        file = folder / "m" / "env.py"
        place = 'import os\n\nconfig.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])\n'
        made = file.read_text().replace("config = context.config\n", f"config = context.config\n{place}")
        file.write_text(made)
        for number in range(1, count + 1):
            (folder / "m" / "versions" / f"{number:05d}_m.py").write_text(self._text(number))
        return folder

    def _text(self, number: int) -> str:
        up, down = _op(number)
        before = f'"{number - 1:05d}"' if number > 1 else "None"
        return (
            f'"""M{number}"""\nfrom alembic import op\nimport sqlalchemy as sa\n\nrevision = "{number:05d}"\n'
            f"down_revision = {before}\nbranch_labels = None\ndepends_on = None\n\n\n"
            f"def upgrade():\n{up}\n\ndef downgrade():\n{down}"
        )

    def upgrade(self, folder: Path, url: str, to: int | None = None) -> Command:
        return [self.program("alembic"), "upgrade", "head" if to is None else f"{to:05d}"]

    def recorded(self, place: Place, name: str) -> int:
        return int(place.query(name, "SELECT version_num FROM alembic_version")[0][0])

    def stamp(self, folder: Path, place: Place, name: str, count: int) -> None:
        run([self.program("alembic"), "stamp", "head"], folder, DATABASE_URL=place.fresh(name))


class Django(Tool):
    """A project with one application and no other; MySQL through PyMySQL, which stands in for mysqlclient."""

    name = "Django"
    packages = ("Django", "PyMySQL")

    _SETTINGS = """
import os, sys
from urllib.parse import urlsplit
url = urlsplit(os.environ["DATABASE_URL"])
if url.scheme == "sqlite":
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path[1:]}}
else:
    import pymysql
    pymysql.version_info = (2, 2, 1, "final", 0)
    pymysql.install_as_MySQLdb()
    DATABASES = {"default": {"ENGINE": "django.db.backends.mysql", "NAME": url.path[1:], "USER": url.username,
                             "PASSWORD": url.password or "", "HOST": url.hostname, "PORT": url.port}}
INSTALLED_APPS = ["app"]
SECRET_KEY = "benchmark"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
"""
    _MANAGE = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
    _MODELS = """
from django.db import models

def made(name, more, index):
    class Meta:
        db_table = name
        indexes = [models.Index(fields=["more"], name=f"ix_{name}_more")] if index else []
    fields = {"__module__": __name__, "Meta": Meta, "name": models.CharField(max_length=50, null=True)}
    if more:
        fields["more"] = models.IntegerField(null=True)
    return type(name.title(), (models.Model,), fields)

for number in range(1, COUNT + 1, 2):
    whole = number < COUNT
    made(f"t{(number + 1) // 2:05d}", whole, whole)
"""

    def make(self, folder: Path, count: int) -> Path:
        folder.mkdir(parents=True)
        (folder / "settings.py").write_text(self._SETTINGS)
        (folder / "manage.py").write_text(self._MANAGE)
        (folder / "app" / "migrations").mkdir(parents=True)
        for package in ("app", "app/migrations"):
            (folder / package / "__init__.py").touch()
        (folder / "app" / "models.py").write_text(self._MODELS.replace("COUNT", str(count)))
        for number in range(1, count + 1):
            (folder / "app" / "migrations" / f"m{number:05d}.py").write_text(self._text(number))
        return folder

    def _text(self, number: int) -> str:
        name = table(number)
        before = f'[("app", "m{number - 1:05d}")]' if number > 1 else "[]"
        key = "models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')"
        create = (
            f'migrations.CreateModel(name="{name.title()}", options={{"db_table": "{name}"}},'
            f' fields=[("id", {key}), ("name", models.CharField(max_length=50, null=True))])'
        )
        alter = (
            f'migrations.AddField("{name.title()}", "more", models.IntegerField(null=True)),'
            f' migrations.AddIndex("{name.title()}", models.Index(fields=["more"], name="ix_{name}_more"))'
        )
        return (
            "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
            f"    dependencies = {before}\n    operations = [{create if number % 2 else alter}]\n"
        )

    def upgrade(self, folder: Path, url: str, to: int | None = None) -> Command:
        end = [] if to is None else ["app", f"m{to:05d}"]
        return [self.program("python"), "manage.py", "migrate", *end]

    def recorded(self, place: Place, name: str) -> int:
        return place.count(name, "django_migrations", "app = 'app'")

    def stamp(self, folder: Path, place: Place, name: str, count: int) -> None:
        run([self.program("python"), "manage.py", "migrate", "--fake"], folder, DATABASE_URL=place.fresh(name))


class Yoyo(Tool):
    """yoyo-migrations, with migrations in Python."""

    name = "yoyo"
    packages = ("yoyo-migrations", "PyMySQL", "setuptools<80")

    def make(self, folder: Path, count: int) -> Path:
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            (folder / f"{number:05d}.py").write_text(self._text(number))
        return folder

    def _text(self, number: int) -> str:
        before = f'{{"{number - 1:05d}"}}' if number > 1 else "set()"
        pairs = zip(statements(number), reversed(backwards(number)), strict=True)
        steps = "".join(f'    step("{up}", "{down}"),\n' for up, down in pairs)
        return f"from yoyo import step\n\n__depends__ = {before}\n\nsteps = [\n{steps}]\n"

    def _yoyo(self, word: str, folder: Path, url: str) -> Command:
        return [self.program("yoyo"), word, "--batch", "--no-config-file", "--database", _plain(url), folder]

    def upgrade(self, folder: Path, url: str, to: int | None = None) -> Command:
        return self._yoyo("apply", folder, url)

    def recorded(self, place: Place, name: str) -> int:
        return place.count(name, "_yoyo_migration")

    def stamp(self, folder: Path, place: Place, name: str, count: int) -> None:
        run(self._yoyo("mark", folder, place.fresh(name)), folder)


def _plain(url: str) -> str:
    return url.replace("mysql+pymysql:", "mysql:")


def peers(environments: Path | None) -> list[Tool]:
    """All but ours."""
    return [Alembic(environments), Django(environments), Yoyo(environments)]
