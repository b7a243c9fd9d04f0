"""The models and the migrations must describe one schema, on every database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, configure_mappers

from giveaminute import models
from giveaminute.management import call_command
from giveaminute.models import Base
from tests.second_opinion import differences

Tables = Mapping[str, sa.Table]
LONG_AGO = datetime(2011, 5, 1, 12, 0, 0)


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """An engine on an empty database."""
    engine = sa.create_engine(database_url, poolclass=sa.NullPool)
    yield engine
    engine.dispose()


@pytest.fixture
def created(engine: sa.Engine) -> sa.Engine:
    """An engine on a database with the tables that the models make."""
    Base.metadata.create_all(engine)
    return engine


def found(engine: sa.Engine, metadata: sa.MetaData = Base.metadata) -> list[Any]:
    with engine.connect() as connection:
        return differences(connection, metadata)


def test_the_models_agree_with_an_upgraded_database(engine: sa.Engine, database_url: str) -> None:
    call_command("upgrade", url=database_url)
    assert found(engine) == []


def test_the_models_create_what_the_migrations_create(engine: sa.Engine, database_url: str) -> None:
    """Finer than Alembic's comparison: order of columns, every index, engine and character set."""
    call_command("upgrade", url=database_url)
    upgraded = tables_of(engine)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    assert tables_of(engine) == upgraded


def tables_of(engine: sa.Engine) -> dict[str, dict[str, Any]]:
    inspector = sa.inspect(engine)
    names = [name for name in inspector.get_table_names() if not name.startswith("migrate_")]
    return {name: facts_of(inspector, name) for name in names}


def _without_charset(type_: str) -> str:
    """MySQL remembers whether a column's character set was ever stated; its collation says the same."""
    return re.sub(r"charset='\w+', ", "", type_)


def facts_of(inspector: sa.Inspector, table: str) -> dict[str, Any]:
    columns = [
        {**column, "type": _without_charset(repr(column["type"])), "default": str(column["default"]).strip("()")}
        for column in inspector.get_columns(table)
    ]
    options = inspector.get_table_options(table)
    return {
        "columns": columns,
        "primary key": inspector.get_pk_constraint(table)["constrained_columns"],
        "indexes": by_name(inspector.get_indexes(table)),
        "unique": by_name(inspector.get_unique_constraints(table)),
        "foreign keys": by_name(inspector.get_foreign_keys(table)),
        "options": {name: value for name, value in options.items() if not name.endswith("auto_increment")},
    }


def by_name(items: Any) -> list[Any]:
    return sorted(items, key=lambda item: str(item["name"]))


def test_tables_made_from_the_models_agree_with_them(created: sa.Engine) -> None:
    assert found(created) == []


def add_column(tables: Tables) -> None:
    tables["user"].append_column(sa.Column("nickname", sa.String(20)))


def widen_column(tables: Tables) -> None:
    tables["site_feedback"].c.submitter_email.type = sa.String(255)


def forbid_null(tables: Tables) -> None:
    tables["user"].c.first_name.nullable = False


def change_default(tables: Tables) -> None:
    tables["project_need_volunteer"].c.quantity.server_default = sa.DefaultClause(sa.text("7"))


def add_index(tables: Tables) -> None:
    sa.Index("by_city", tables["location"].c.city)


def add_foreign_key(tables: Tables) -> None:
    table = tables["project_leader"]
    table.append_constraint(sa.ForeignKeyConstraint(["user_id"], ["user.user_id"], name="fk_of_leader"))


CHANGES = [add_column, widen_column, forbid_null, change_default, add_index, add_foreign_key]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_a_change_of_a_model_is_found(created: sa.Engine, change: Callable[[Tables], None]) -> None:
    changed = sa.MetaData()
    for table in Base.metadata.sorted_tables:
        table.to_metadata(changed)
    assert found(created, changed) == []
    change(changed.tables)
    assert len(found(created, changed)) == 1


def test_a_table_that_has_no_model_is_found_but_our_bookkeeping_is_not(created: sa.Engine) -> None:
    with created.begin() as connection:
        connection.execute(sa.text("CREATE TABLE migrate_of_ours (id INTEGER NOT NULL PRIMARY KEY)"))
        connection.execute(sa.text("CREATE TABLE of_the_city (id INTEGER NOT NULL PRIMARY KEY)"))
    assert [(kind, table.name) for kind, table in found(created)] == [("remove_table", "of_the_city")]


def test_every_model_can_be_read(created: sa.Engine) -> None:
    configure_mappers()
    with Session(created) as session:
        for mapper in Base.registry.mappers:
            assert session.scalars(sa.select(mapper.class_)).all() == []


def test_every_model_is_exported() -> None:
    assert {mapper.class_.__name__ for mapper in Base.registry.mappers} | {"Base"} == set(models.__all__)


def new_user() -> models.User:
    return models.User(user_key="key", email="a@example.org", password="secret", salt="salt")


def test_relationships_lead_both_ways(created: sa.Engine) -> None:
    user, project = new_user(), models.Project(title="Garden")
    need = models.Need(project=project, event=models.Event(project=project))
    with Session(created) as session:
        session.add(models.Volunteer(need=need, member=user))
        session.commit()
        [volunteer] = user.commitments
        assert volunteer.need.project is project
        assert [event.needs for event in project.events] == [[need]]
        assert volunteer.quantity == 1


def test_a_user_who_leaves_takes_the_commitments_along(created: sa.Engine) -> None:
    user, need = new_user(), models.Need(project=models.Project(title="Garden"))
    with Session(created) as session:
        session.add(models.Volunteer(need=need, member=user))
        session.commit()
        session.delete(user)
        session.commit()
        assert need.need_volunteers == []


def test_the_database_fills_in_what_is_not_given(created: sa.Engine) -> None:
    user = new_user()
    with Session(created) as session:
        session.add(user)
        session.commit()
        assert (user.is_active, user.is_oncall, user.group_membership_bitmask) == (True, False, 1)
        assert user.email_notification == "digest"
        assert user.created_datetime is not None and user.created_datetime > LONG_AGO
        assert user.last_account_page_access_datetime is None


def test_a_change_of_a_row_moves_its_time(created: sa.Engine) -> None:
    user = new_user()
    user.updated_datetime = LONG_AGO
    with Session(created) as session:
        session.add(user)
        session.commit()
        assert user.updated_datetime == LONG_AGO
        user.first_name = "Ada"
        session.commit()
        assert user.updated_datetime is not None and user.updated_datetime > LONG_AGO


def test_a_web_session_is_found_by_its_session_id(created: sa.Engine) -> None:
    with Session(created) as session:
        session.add(models.WebSession(session_id="abc", data="é"))
        session.commit()
    with Session(created) as session:
        kept = session.get(models.WebSession, "abc")
        assert kept is not None and kept.data == "é"
