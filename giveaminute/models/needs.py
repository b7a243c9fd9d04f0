"""What projects need, who volunteers for it, and the events it is for."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from giveaminute.models.base import LONG_TEXT, TABLE_OPTIONS, YES, Base

if TYPE_CHECKING:
    from giveaminute.models.projects import Project
    from giveaminute.models.users import User


class Need(Base):
    """Something or somebody that a project needs."""

    __tablename__ = "project_need"
    __table_args__ = (sa.Index("project_id", "project_id"), sa.Index("event_id", "event_id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str | None] = mapped_column(sa.String(10))
    request: Mapped[str | None] = mapped_column(sa.String(64))
    quantity: Mapped[int | None]
    description: Mapped[str | None] = mapped_column(LONG_TEXT)
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.project_id", name="fk_project_need_project_id"))
    date: Mapped[dt.date | None]
    time: Mapped[str | None] = mapped_column(sa.String(32))
    duration: Mapped[str | None] = mapped_column(sa.String(64))
    address: Mapped[str | None] = mapped_column(sa.String(256))
    event_id: Mapped[int | None] = mapped_column(sa.ForeignKey("project_event.id", name="fk_project_need_event_id"))
    subtype: Mapped[str | None] = mapped_column(sa.String(10))

    project: Mapped[Project] = relationship(back_populates="needs")
    event: Mapped[Event | None] = relationship(back_populates="needs")
    need_volunteers: Mapped[list[Volunteer]] = relationship(back_populates="need", cascade="all, delete-orphan")


class Volunteer(Base):
    """A user's promise to help with a need; `quantity` people come."""

    __tablename__ = "project_need_volunteer"
    __table_args__ = (sa.Index("member_id", "member_id"), TABLE_OPTIONS)

    need_id: Mapped[int] = mapped_column(
        sa.ForeignKey("project_need.id", name="fk_project_need_volunteer_need_id"), primary_key=True
    )
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("user.user_id", name="fk_project_need_volunteer_member_id"), primary_key=True
    )
    quantity: Mapped[int] = mapped_column(server_default=YES)

    need: Mapped[Need] = relationship(back_populates="need_volunteers")
    member: Mapped[User] = relationship(back_populates="commitments")


class Event(Base):
    """An event of a project."""

    __tablename__ = "project_event"
    __table_args__ = (sa.Index("project_event_project_id", "project_id"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None] = mapped_column(sa.String(256))
    details: Mapped[str | None] = mapped_column(LONG_TEXT)
    rsvp_url: Mapped[str | None] = mapped_column(sa.String(2048))
    start_datetime: Mapped[dt.datetime | None] = mapped_column(sa.DateTime)
    end_datetime: Mapped[dt.datetime | None] = mapped_column(sa.DateTime)
    address: Mapped[str | None] = mapped_column(sa.String(256))
    project_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("project.project_id", name="fk_project_event_project_id")
    )

    project: Mapped[Project | None] = relationship(back_populates="events")
    needs: Mapped[list[Need]] = relationship(back_populates="event")
