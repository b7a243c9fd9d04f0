"""What the site itself keeps: files, forbidden words, feedback, the home page and the jobs behind it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from giveaminute.models.base import (
    LONG_TEXT,
    NO,
    TABLE_OPTIONS,
    UNSIGNED_FLAG,
    UNSIGNED_NUMBER,
    YES,
    Base,
    flag,
    stamped,
    touched,
)


class Attachment(Base):
    """A file or a medium that belongs to a comment."""

    __tablename__ = "attachments"
    __table_args__ = ({"comment": "Comment attachment descriptions", **TABLE_OPTIONS},)

    id: Mapped[int] = mapped_column(UNSIGNED_NUMBER, primary_key=True)
    title: Mapped[str] = mapped_column(
        sa.String(512), comment="The display name -- the file name or title of the media"
    )
    descriptions: Mapped[str | None] = mapped_column(LONG_TEXT)
    mirrored: Mapped[bool] = mapped_column(UNSIGNED_FLAG, server_default=NO)
    media_id: Mapped[str | None] = mapped_column(
        sa.String(64),
        comment="The id of the media relative to its type (e.g., the Youtube ID, or uploaded file id, ...)",
    )
    type: Mapped[str] = mapped_column(sa.String(64), server_default="file")


class Image(Base):
    """An uploaded picture."""

    __tablename__ = "images"
    __table_args__ = (sa.Index("app", "app"), sa.Index("mirrored", "mirrored"), TABLE_OPTIONS)

    id: Mapped[int] = mapped_column(primary_key=True)
    app: Mapped[str] = mapped_column(sa.String(255))
    mirrored: Mapped[bool | None] = mapped_column(server_default=NO)
    created: Mapped[datetime | None] = stamped()


class BadWords(Base):
    """The words that stop a text, and those that are reported."""

    __tablename__ = "badwords"

    id: Mapped[int] = mapped_column(primary_key=True)
    kill_words: Mapped[str | None] = mapped_column(LONG_TEXT)
    warn_words: Mapped[str | None] = mapped_column(LONG_TEXT)
    updated_datetime: Mapped[datetime | None] = touched()


class SiteFeedback(Base):
    """What a visitor tells those who run the site."""

    __tablename__ = "site_feedback"

    id: Mapped[int] = mapped_column("site_feedback_id", primary_key=True)
    submitter_name: Mapped[str | None] = mapped_column(sa.String(100))
    submitter_email: Mapped[str | None] = mapped_column(sa.String(100))
    comment: Mapped[str | None] = mapped_column(LONG_TEXT)
    is_responded: Mapped[bool] = flag(NO)
    responded_user_id: Mapped[int | None]
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    updated_datetime: Mapped[datetime | None] = touched()
    feedback_type: Mapped[str | None] = mapped_column(sa.String(100))


class CommunityLeader(Base):
    """Somebody whom the city presents, in the given order."""

    __tablename__ = "community_leader"

    id: Mapped[int] = mapped_column(primary_key=True)
    display_name: Mapped[str | None] = mapped_column(sa.String(256))
    title: Mapped[str | None] = mapped_column(sa.String(256))
    image_path: Mapped[str | None] = mapped_column(sa.String(256))
    order: Mapped[int | None]


class HomepageQuestion(Base):
    """A question that the home page asks."""

    __tablename__ = "homepage_question"

    id: Mapped[int] = mapped_column("homepage_question_id", primary_key=True)
    question: Mapped[str | None] = mapped_column(sa.String(200))
    is_featured: Mapped[bool] = flag(NO)
    is_active: Mapped[bool] = flag(YES)
    created_datetime: Mapped[datetime | None] = stamped()
    updated_datetime: Mapped[datetime | None] = touched()


class Task(Base):
    """A job that runs behind the site, and who has it in hand."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column("task_id", primary_key=True)
    task_name: Mapped[str | None] = mapped_column(sa.String(255))
    status: Mapped[str | None] = mapped_column(sa.CHAR(1))
    owner_id: Mapped[str | None] = mapped_column(sa.String(255))
    frequency: Mapped[str | None] = mapped_column(sa.String(20))
    updated_datetime: Mapped[datetime | None] = stamped()
