"""The status page as a part of any web.py application: how its database stands, for those who run the site.

urls = ("/migrations", status_page(), "/healthz", healthz(), ...)

Nothing in it writes to the database. Who may see it: `access`; what is on it: `site`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import web

from giveaminute import settings as settings_module
from giveaminute.settings import Settings
from giveaminute.webapp import access
from giveaminute.webapp.access import Verdict
from giveaminute.webapp.documents import at_the_moment, document
from giveaminute.webapp.frames import FileView, Frame, Link, Message, SignInView, SourceView
from giveaminute.webapp.headers import put
from giveaminute.webapp.health import healthz
from giveaminute.webapp.overview import Overview
from giveaminute.webapp.page_settings import Checks, PageSettings, read_page_settings
from giveaminute.webapp.rendering import rendered, static_files
from giveaminute.webapp.site import Site
from giveaminute.webapp.views import diagram_view, status_view
from giveaminute.webapp.wording import moment

__all__ = ["healthz", "status_page"]

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self';"
    " img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # with none at all a form of our own says «Origin: null»
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Of every answer, refusals among them; a file of the page's own may be cached."""
WHILE_BUSY = 3
"""Seconds after which a page without JavaScript asks again while something is going on."""
_MOST_FORM = 4096
"""Bytes of a form that are read."""

logger = logging.getLogger(__name__)


def status_page(settings: Settings | None = None, page: PageSettings | None = None, *, site: Site | None = None) -> Any:
    """A sub-application, to be mounted at a path of one's choice: `urls = ("/migrations", status_page(), ...)`.

    `settings`: those that the commands would find (DATABASE_URL, config.yaml). `page`: those of `status_page:` there;
    without any the page is off, and answers 404. Raises SettingsError. Asks no database yet.
    """
    if site is None:
        settings = settings_module.read() if settings is None else settings
        site = Site(settings, read_page_settings(settings.config) if page is None else page)
    mapping: list[Any] = []
    for pattern, handler in _PATHS:
        mapping += [pattern, type(handler.__name__, (handler,), {"site": site})]
    application = web.application(tuple(mapping), {}, autoreload=False)
    application.add_processor(partial(_guarded, site))
    # Not those of the application around it: web.py's own page for errors shows the variables of every frame.
    application.notfound = _nothing
    application.internalerror = _broken
    return application


def _guarded(site: Site, handler: Callable[[], Any]) -> Any:
    """Every answer with our headers; where the page is off, whatever is asked for and however, there is nothing."""
    put(HEADERS)
    if access.judged(site.page, web.ctx.env) is Verdict.OFF:
        raise _nothing()
    return handler()


def _nothing() -> Any:
    return _plain("404 Not Found", "There is no such page.\n")


def _broken() -> Any:
    return _plain("500 Internal Server Error", "Unexpected; the log tells more.\n")


def _plain(status: str, words: str) -> Any:
    put({"Content-Type": "text/plain; charset=utf-8"})
    return web.HTTPError(status, {}, words)


class _Handler:
    """One page; `look` says what is on it to those who may see it."""

    site: Site
    for_programs = False

    def GET(self, *arguments: str) -> bytes:
        return self._judged(lambda: self.look(*arguments))

    def HEAD(self, *arguments: str) -> str:
        self.GET(*arguments)
        return ""

    def look(self, *arguments: str) -> bytes:
        raise _nothing()

    def _judged(self, admitted: Callable[[], bytes]) -> bytes:
        verdict = access.judged(self.site.page, web.ctx.env)
        if verdict is Verdict.UNKNOWN:
            web.header("WWW-Authenticate", 'Bearer realm="migrations"')
        if verdict is not Verdict.ADMITTED and self.for_programs:
            return _json(
                {"error": verdict.value}, "401 Unauthorized" if verdict is Verdict.UNKNOWN else "403 Forbidden"
            )
        if verdict is Verdict.UNKNOWN:
            return self.sign_in(wrong=False)
        if verdict is Verdict.NOT_FROM_HERE:
            return self._page("403 Forbidden", "message", _NOT_FROM_HERE, self._frame("Not from here"))
        return admitted()

    def sign_in(self, *, wrong: bool) -> bytes:
        """The form, instead of what was asked for."""
        view = SignInView(f"{self.base}/sign-in", wrong)
        return self._page("401 Unauthorized", "sign_in", view, self._frame("Sign in"))

    @property
    def base(self) -> str:
        """Where the page is mounted."""
        return str(web.ctx.homepath)

    def _page(self, status: str, template: str, view: object, frame: Frame) -> bytes:
        return _answer(status, "text/html", rendered(template, view, frame))

    def _frame(self, title: str, found: Overview | None = None, here: str = "") -> Frame:
        base = self.base
        files = {name: f"{base}/static/{name}?v={each.tag}" for name, each in static_files().items()}
        if found is None:
            return Frame(title, (files["status.css"],), files["icon.svg"])
        return Frame(
            title=f"{title} · {found.database}",
            styles=(files["status.css"], *([files["diagram.css"]] if here == "diagram" else [])),
            icon=files["icon.svg"],
            kind="wide" if here == "diagram" else "",
            js=files["status.js"],
            links=(Link(base or "/", "Status", here == ""), Link(f"{base}/diagram", "Schema", here == "diagram")),
            now=f"{base}/now.json" if here == "" else "",
            stamp=self.site.stamp(found),
            refresh=WHILE_BUSY if here == "" and self.site.busy(found) else None,
            sign_out=f"{base}/sign-out" if access.is_signed_in(self.site.page, web.ctx.env) else None,
            footer=f"As of {moment(found.at)}. Statements and errors are shown without values of rows.",
        )


_NOT_FROM_HERE = Message(
    "Not from here",
    "This page answers only on the machine that it runs on, and to nobody who comes through a proxy.",
    "Elsewhere it asks for a token: set one as status_page: token: in config.yaml, or in GIVEAMINUTE_STATUS_TOKEN.",
)

_NOT_FROM_THIS_PAGE = Message(
    "Not from this page",
    "This was sent by another site's page, so nothing was done.",
    "If you pressed the button here: a proxy in front of the site has to pass on the name that was asked for"
    " (nginx: proxy_set_header Host $host).",
)


def _answer(status: str, content_type: str, body: str) -> bytes:
    """A name on the disk need not be text (PEP 383), and what is wrong with one is told with it."""
    web.ctx.status = status
    put({"Content-Type": f"{content_type}; charset=utf-8"})
    return body.encode("utf-8", "replace")


def _json(facts: dict[str, Any], status: str = "200 OK") -> bytes:
    return _answer(status, "application/json", json.dumps(facts, ensure_ascii=False, default=str) + "\n")


def _redirected(path: str) -> bytes:
    web.header("Location", path)
    return _answer("303 See Other", "text/plain", "")


class _Status(_Handler):
    def look(self, *arguments: str) -> bytes:
        found = self.site.overview()
        if self.site.page.checks is Checks.AUTO:
            self.site.check(found)
        view = status_view(self.site, found, self.base, "all=1" in str(web.ctx.query))
        return self._page("200 OK", "status", view, self._frame(view.headline, found))


class _Document(_Handler):
    for_programs = True

    def look(self, *arguments: str) -> bytes:
        return _json(document(self.site, self.site.overview()))


class _Now(_Handler):
    for_programs = True

    def look(self, *arguments: str) -> bytes:
        return _json(at_the_moment(self.site, self.site.overview()))


class _Source(_Handler):
    def look(self, *arguments: str) -> bytes:
        number = int(arguments[0])
        script = self.site.source(number)
        if script is None:
            raise _nothing()
        found = self.site.overview()
        state = next((each.state.value for each in found.migrations if each.version == number), "of unknown state")
        title, files = script
        views = tuple(FileView(str(place), each.name, each.text) for place, each in enumerate(files))
        view = SourceView(f"{number:03d}", title or files[0].name, state, views)
        return self._page("200 OK", "source", view, self._frame(f"{number:03d} {title}", found, "source"))


class _Diagram(_Handler):
    def look(self, *arguments: str) -> bytes:
        found = self.site.overview()
        view = diagram_view(self.site, found)
        return self._page("200 OK", "diagram", view, self._frame("Schema", found, "diagram"))


class _Form(_Handler):
    """What a button sends; a page of another site must not press it."""

    def GET(self, *arguments: str) -> bytes:
        return _redirected(self.base or "/")

    def POST(self) -> bytes:
        if not access.is_same_origin(web.ctx.env):
            return self._page("403 Forbidden", "message", _NOT_FROM_THIS_PAGE, self._frame("Not from this page"))
        return self.sent()

    def sent(self) -> bytes:
        raise _nothing()


class _SignIn(_Form):
    def sent(self) -> bytes:
        token = self.site.page.token
        if not token:
            raise _nothing()
        given = _form().get("token", "")
        if not access.is_right(token, given):
            return self.sign_in(wrong=True)
        web.header("Set-Cookie", access.cookie(token, web.ctx.env, "/"))
        return _redirected(self.base or "/")


class _SignOut(_Form):
    def sent(self) -> bytes:
        web.header("Set-Cookie", access.cookie("", web.ctx.env, "/"))
        return _redirected(self.base or "/")


class _Check(_Form):
    def sent(self) -> bytes:
        return self._judged(self._begun)

    def _begun(self) -> bytes:
        self.site.check(self.site.overview())
        return _redirected(f"{self.base}#drift")


def _form() -> dict[str, str]:
    """The fields of a short form, the first value of each."""
    try:
        length = min(_MOST_FORM, int(web.ctx.env.get("CONTENT_LENGTH") or 0))
    except ValueError:
        length = 0
    data = web.ctx.env["wsgi.input"].read(length) if length > 0 else b""
    return {name: values[0] for name, values in parse_qs(data.decode("utf-8", "replace")).items()}


class _Static(_Handler):
    """For everybody: the form needs it too."""

    def GET(self, *arguments: str) -> bytes:
        found = static_files().get(arguments[0])
        if found is None:
            raise _nothing()
        tag = f'"{found.tag}"'
        named = f"v={found.tag}" in str(web.ctx.query)
        cached = "public, max-age=31536000, immutable" if named else "no-cache"
        put({"Content-Type": found.type, "ETag": tag, "Cache-Control": cached})
        if web.ctx.env.get("HTTP_IF_NONE_MATCH") == tag:
            web.ctx.status = "304 Not Modified"
            return b""
        return found.data


_PATHS: tuple[tuple[str, type[_Handler]], ...] = (
    ("/?", _Status),
    (r"\.json", _Document),
    (r"/now\.json", _Now),
    ("/diagram", _Diagram),
    (r"/source/([0-9]{1,9})", _Source),
    (r"/static/([\w.-]+)", _Static),
    ("/sign-in", _SignIn),
    ("/sign-out", _SignOut),
    ("/check", _Check),
)
