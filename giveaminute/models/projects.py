"""The projects, who is in them, and what they show."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from giveaminute.models.base import (
    LONG_TEXT,
    NO,
    TABLE_OPTIONS,
    YES,
    Base,
    flag,
    flags_raised,
    fulltext,
    stamped,
    touched,
)

if TYPE_CHECKING:
    from giveaminute.models.needs import Event, Need


class Project(Base):
    """What people of a city do together."""

    __tablename__ = "project"
    __table_args__ = (fulltext("title", "title", "description"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column("project_id", primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(100))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    image_id: Mapped[int | None]
    location_id: Mapped[int | None]
    keywords: Mapped[str | None] = mapped_column(LONG_TEXT)
    num_flags: Mapped[int] = flags_raised()
    is_official: Mapped[bool] = flag(NO)
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    updated_datetime: Mapped[datetime | None] = touched()
    organization: Mapped[str | None] = mapped_column(sa.String(255))

    needs: Mapped[list[Need]] = relationship(back_populates="project")
    events: Mapped[list[Event]] = relationship(back_populates="project")


class ProjectMember(Base):
    """A user's membership of a project."""

    __tablename__ = "project__user"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_project_admin: Mapped[bool] = flag(NO)
    is_project_creator: Mapped[bool] = flag(NO)
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectLeader(Base):
    """What a user is presented as where they lead a project."""

    __tablename__ = "project_leader"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str | None] = mapped_column(sa.String(100))
    organization: Mapped[str | None] = mapped_column(sa.String(255))
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectEndorsement(Base):
    """A user's support for a project."""

    __tablename__ = "project_endorsement"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectInvite(Base):
    """An invitation to join a project."""

    __tablename__ = "project_invite"

    id: Mapped[int] = mapped_column("project_invite_id", primary_key=True)
    message: Mapped[str | None] = mapped_column(sa.String(255))
    project_id: Mapped[int]
    inviter_user_id: Mapped[int]
    invitee_idea_id: Mapped[int | None]
    invitee_user_id: Mapped[int | None]
    invitee_email: Mapped[int | None]
    accepted_datetime: Mapped[datetime | None]
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectLink(Base):
    """A link on a project's page."""

    __tablename__ = "project_link"

    id: Mapped[int] = mapped_column("project_link_id", primary_key=True)
    project_id: Mapped[int]
    title: Mapped[str] = mapped_column(sa.String(100))
    url: Mapped[str] = mapped_column(sa.String(255))
    image_id: Mapped[int | None]
    num_flags: Mapped[int] = flags_raised()
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()


class ProjectMessage(Base):
    """A message on a project's page."""

    __tablename__ = "project_message"

    id: Mapped[int] = mapped_column("project_message_id", primary_key=True)
    project_id: Mapped[int]
    message: Mapped[str | None] = mapped_column(sa.String(255))
    message_type: Mapped[str | None] = mapped_column(sa.Enum("member_comment", "admin_comment", "join", "endorsement"))
    idea_id: Mapped[int | None]
    user_id: Mapped[int | None]
    num_flags: Mapped[int] = flags_raised()
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    file_id: Mapped[int | None]


class ProjectResource(Base):
    """An organization or an offer that projects can turn to."""

    __tablename__ = "project_resource"
    __table_args__ = (fulltext("title", "title", "description"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column("project_resource_id", primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(100))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    url: Mapped[str | None] = mapped_column(sa.String(255))
    twitter_url: Mapped[str | None] = mapped_column(sa.String(255))
    facebook_url: Mapped[str | None] = mapped_column(sa.String(255))
    physical_address: Mapped[str | None] = mapped_column(sa.String(255))
    contact_name: Mapped[str | None] = mapped_column(sa.String(255))
    contact_email: Mapped[str | None] = mapped_column(sa.String(100))
    contact_user_id: Mapped[int | None]
    image_id: Mapped[int | None]
    location_id: Mapped[int | None]
    keywords: Mapped[str | None] = mapped_column(LONG_TEXT)
    is_hidden: Mapped[bool] = flag(NO)
    is_official: Mapped[bool] = flag(NO)
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    updated_datetime: Mapped[datetime | None] = touched()


class ProjectResourceUse(Base):
    """A resource that a project has taken up."""

    __tablename__ = "project__project_resource"

    project_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_resource_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_datetime: Mapped[datetime | None] = stamped()


class FeaturedProject(Base):
    """A project on the home page, by its place there."""

    __tablename__ = "featured_project"

    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    project_id: Mapped[int]
    updated_datetime: Mapped[datetime | None] = touched()
