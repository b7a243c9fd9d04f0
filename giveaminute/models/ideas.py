"""The ideas that visitors leave, and what they are sorted by."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from giveaminute.models.base import TABLE_OPTIONS, YES, Base, flag, flags_raised, fulltext, stamped


class Idea(Base):
    """What a visitor would like to see in the city."""

    __tablename__ = "idea"
    __table_args__ = (fulltext("description", "description"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column("idea_id", primary_key=True)
    description: Mapped[str] = mapped_column(sa.String(255))
    location_id: Mapped[int] = mapped_column(server_default="-1")
    submission_type: Mapped[str] = mapped_column(sa.Enum("web", "sms", "email"))
    user_id: Mapped[int | None]
    email: Mapped[str | None] = mapped_column(sa.String(100))
    phone: Mapped[str | None] = mapped_column(sa.String(10))
    first_name: Mapped[str | None] = mapped_column(sa.String(50))
    last_name: Mapped[str | None] = mapped_column(sa.String(50))
    num_flags: Mapped[int] = flags_raised()
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectIdea(Base):
    """An idea that a project has taken up."""

    __tablename__ = "project__idea"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idea_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_datetime: Mapped[datetime | None] = stamped()


class Keyword(Base):
    """A word that ideas and projects are matched by."""

    __tablename__ = "keyword"

    keyword: Mapped[str] = mapped_column(sa.String(25), primary_key=True)
    created_datetime: Mapped[datetime | None] = stamped()


class Location(Base):
    """A part of the city; -1 stands for the whole."""

    __tablename__ = "location"

    id: Mapped[int] = mapped_column("location_id", primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(sa.String(50))
    lat: Mapped[Decimal] = mapped_column(sa.Numeric(9, 6))
    lon: Mapped[Decimal] = mapped_column(sa.Numeric(9, 6))
    borough: Mapped[str | None] = mapped_column(sa.String(50))
    address: Mapped[str | None] = mapped_column(sa.String(100))
    city: Mapped[str | None] = mapped_column(sa.String(50))
    state: Mapped[str | None] = mapped_column(sa.CHAR(2))
