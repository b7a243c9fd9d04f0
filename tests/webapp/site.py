"""A site of one page that asks its database one question, behind the guard.

`python -m tests.webapp.site CONFIG REPOSITORY` prints its port, and serves until its input ends.
"""

from __future__ import annotations

import sys
import threading

import sqlalchemy as sa
import web

from giveaminute.settings import read
from giveaminute.webapp.guard import guard
from giveaminute.webapp.session import Sessions


def main(config: str, repository: str) -> None:
    web.config.debug = False
    settings = read(config=config, repository=repository)
    db = Sessions(settings)

    class page:
        def GET(self) -> str:
            return str(db.session.scalar(sa.text("SELECT 42")))

    app = web.application(("/", page), {}, autoreload=False)
    app.add_processor(guard(settings))
    app.add_processor(db)
    server = web.httpserver.WSGIServer(("127.0.0.1", 0), app.wsgifunc())
    server.request_queue_size = 128  # by itself 5: of more at a moment the kernel lets some try again after a second
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    print(server.bind_addr[1], flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
