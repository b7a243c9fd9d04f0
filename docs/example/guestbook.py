"""A guest book: `python guestbook.py 8080`; how to set it up stands in docs/web.md."""

from pathlib import Path

import web
from sqlalchemy import String, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from giveaminute.settings import read
from giveaminute.webapp.guard import guard
from giveaminute.webapp.session import Sessions
from giveaminute.webapp.status_page import healthz, status_page

web.config.debug = False  # visitors see no tracebacks
settings = read(repository=str(Path(__file__).with_name("migrations")))
db = Sessions(settings)
page = "<!DOCTYPE html><title>Guests</title><ul>{}</ul><form method=post><input name=name><button>Sign</button></form>"


class Base(DeclarativeBase): ...


class Guest(Base):
    __tablename__ = "guest"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))


class Guests:
    def GET(self):
        web.header("Content-Type", "text/html; charset=utf-8")
        names = db.session.scalars(select(Guest.name).order_by(Guest.id))
        return page.format("".join(f"<li>{web.websafe(name)}" for name in names))

    def POST(self):
        db.session.add(Guest(name=web.input(name="").name[:80]))
        raise web.seeother("/")  # an answer, and no error: it is committed


urls = ("/migrations", status_page(settings), "/healthz", healthz(settings), "/", Guests)
app = web.application(urls, globals())
app.add_processor(guard(settings))
app.add_processor(db)

if __name__ == "__main__":
    app.run()
