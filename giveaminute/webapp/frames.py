"""The small pages of the status page, and what is around each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Link:
    """In the navigation."""

    href: str
    text: str
    here: bool


@dataclass(frozen=True)
class Frame:
    """What is around the content of a page."""

    title: str
    styles: tuple[str, ...]
    icon: str
    kind: str = ""
    js: str | None = None
    links: tuple[Link, ...] = ()
    now: str = ""
    stamp: str = ""
    refresh: int | None = None
    sign_out: str | None = None
    footer: str = ""


@dataclass(frozen=True)
class Message:
    """A page with hardly anything on it."""

    title: str
    words: str
    note: str = ""


@dataclass(frozen=True)
class SignInView:
    """The form that asks for the token."""

    action: str
    wrong: bool


@dataclass(frozen=True)
class FileView:
    """A file of a migration on its page."""

    id: str
    name: str
    text: str


@dataclass(frozen=True)
class SourceView:
    """The page of one migration."""

    number: str
    title: str
    state: str
    files: tuple[FileView, ...]
