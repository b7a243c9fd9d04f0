"""What is sent to people."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from giveaminute.models.base import LONG_TEXT, Base, stamped


class DirectMessage(Base):
    """A message from one user to another."""

    __tablename__ = "direct_message"

    id: Mapped[int] = mapped_column("direct_message_id", primary_key=True)
    to_user_id: Mapped[int]
    from_user_id: Mapped[int]
    message: Mapped[str | None] = mapped_column(LONG_TEXT)
    created_datetime: Mapped[datetime | None] = stamped()


class StoppedPhone(Base):
    """A number that wants no more text messages."""

    __tablename__ = "sms_stopped_phone"

    phone: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    created_datetime: Mapped[datetime | None] = stamped()


class Digest(Base):
    """A summary of a project's news, to be sent or sent."""

    __tablename__ = "digests"

    id: Mapped[int] = mapped_column("digest_id", primary_key=True)
    sender: Mapped[str | None] = mapped_column(sa.String(255))
    send_to: Mapped[str | None] = mapped_column(sa.String(255))
    recipients: Mapped[str | None] = mapped_column(LONG_TEXT)
    subject: Mapped[str | None] = mapped_column(sa.String(255))
    body: Mapped[str | None] = mapped_column(LONG_TEXT)
    start_datetime: Mapped[datetime | None] = mapped_column(sa.DateTime)
    end_datetime: Mapped[datetime | None] = mapped_column(sa.DateTime)
    sent_datetime: Mapped[datetime | None] = mapped_column(sa.DateTime)
    status: Mapped[str | None] = mapped_column(sa.CHAR(1))
    worker_id: Mapped[str | None] = mapped_column(sa.String(255))
    updated_datetime: Mapped[datetime | None] = stamped()
