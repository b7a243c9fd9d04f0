"""The people: users, their groups, their accounts elsewhere, and those who have not confirmed yet."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from giveaminute.models.base import (
    LONG_TEXT,
    NO,
    TABLE_OPTIONS,
    TINY_NUMBER,
    YES,
    Base,
    flag,
    stamped,
    touched,
)

if TYPE_CHECKING:
    from giveaminute.models.needs import Volunteer


class User(Base):
    """Somebody who has signed up."""

    __tablename__ = "user"
    __table_args__ = (
        sa.UniqueConstraint("email", name="email"),
        sa.UniqueConstraint("phone", name="phone"),
        TABLE_OPTIONS,
    )

    id: Mapped[int] = mapped_column("user_id", primary_key=True)
    user_key: Mapped[str] = mapped_column(sa.String(10))
    email: Mapped[str] = mapped_column(sa.String(100))
    password: Mapped[str] = mapped_column(sa.String(255))
    salt: Mapped[str] = mapped_column(sa.String(255))
    phone: Mapped[str | None] = mapped_column(sa.String(10))
    first_name: Mapped[str | None] = mapped_column(sa.String(50))
    last_name: Mapped[str | None] = mapped_column(sa.String(50))
    full_display_name: Mapped[str | None] = mapped_column(sa.String(255))
    image_id: Mapped[int | None]
    location_id: Mapped[int | None]
    description: Mapped[str | None] = mapped_column(sa.String(255))
    affiliation: Mapped[str | None] = mapped_column(sa.String(100))
    group_membership_bitmask: Mapped[int] = mapped_column(TINY_NUMBER, server_default=YES)
    is_oncall: Mapped[bool] = flag(NO)
    email_notification: Mapped[str] = mapped_column(sa.Enum("none", "digest"), server_default="digest")
    last_account_page_access_datetime: Mapped[datetime | None]
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    updated_datetime: Mapped[datetime | None] = touched()

    commitments: Mapped[list[Volunteer]] = relationship(back_populates="member", cascade="all, delete-orphan")


class UserGroup(Base):
    """A group of users with rights of its own."""

    __tablename__ = "user_group"

    id: Mapped[int] = mapped_column("user_group_id", primary_key=True, autoincrement=False)
    group_name: Mapped[str] = mapped_column(sa.String(50))
    description: Mapped[str | None] = mapped_column(sa.String(255))
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()


class UserGroupMember(Base):
    """A user's membership of a group."""

    __tablename__ = "user__user_group"

    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_group_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_datetime: Mapped[datetime | None] = stamped()


class FacebookUser(Base):
    """A user's account at Facebook."""

    __tablename__ = "facebook_user"
    __table_args__ = (sa.UniqueConstraint("facebook_id", name="facebook_id"), TABLE_OPTIONS)

    facebook_id: Mapped[int] = mapped_column(sa.BigInteger)
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class TwitterUser(Base):
    """A user's account at Twitter."""

    __tablename__ = "twitter_user"
    __table_args__ = (sa.UniqueConstraint("twitter_id", name="twitter_id"), TABLE_OPTIONS)

    twitter_id: Mapped[int]
    twitter_username: Mapped[str] = mapped_column(sa.String(255))
    user_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class UnauthenticatedUser(Base):
    """Somebody who has signed up and not yet confirmed it."""

    __tablename__ = "unauthenticated_user"

    auth_guid: Mapped[str] = mapped_column(sa.CHAR(36), primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(100))
    password: Mapped[str] = mapped_column(sa.String(255))
    salt: Mapped[str] = mapped_column(sa.String(255))
    phone: Mapped[str | None] = mapped_column(sa.String(10))
    first_name: Mapped[str | None] = mapped_column(sa.String(50))
    last_name: Mapped[str | None] = mapped_column(sa.String(50))
    redirect_link: Mapped[str | None] = mapped_column(sa.String(255))
    created_datetime: Mapped[datetime | None] = touched()


class WebSession(Base):
    """A visit, as web.py keeps it. The table has no primary key; its unique session_id serves as one here."""

    __tablename__ = "web_session"
    __table_args__ = (sa.UniqueConstraint("session_id", name="session_id"), TABLE_OPTIONS)

    session_id: Mapped[str] = mapped_column(sa.CHAR(128))
    atime: Mapped[datetime | None] = stamped()
    data: Mapped[str | None] = mapped_column(LONG_TEXT)

    __mapper_args__ = {"primary_key": [session_id]}  # noqa: RUF012 (SQLAlchemy reads it as it is)


class BetaInviteCode(Base):
    """A code that let somebody in before the site was open to all."""

    __tablename__ = "beta_invite_code"

    code: Mapped[str] = mapped_column(sa.CHAR(10), primary_key=True)
    user_id: Mapped[int | None]
    created_datetime: Mapped[datetime | None] = stamped()


class BetaInviteRequest(Base):
    """Somebody's wish to be let in before the site was open to all."""

    __tablename__ = "beta_invite_request"

    id: Mapped[int] = mapped_column("beta_invite_request_id", primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(100))
    comment: Mapped[str | None] = mapped_column(LONG_TEXT)
    created_datetime: Mapped[datetime | None] = stamped()
