"""Headers of an answer that is ours alone, whatever the processors of the application around it have set."""

from __future__ import annotations

from collections.abc import Mapping

import web


def put(headers: Mapping[str, str]) -> None:
    """Set these, instead of what the request at hand has under their names: a second Content-Type is no help."""
    names = {name.lower() for name in headers}
    web.ctx.headers = [each for each in web.ctx.headers if each[0].lower() not in names]
    for name, value in headers.items():
        web.header(name, value)
