"""web.py as it is in production: without pages that show what went wrong."""

from __future__ import annotations

import pytest
import web


@pytest.fixture(autouse=True)
def no_debug_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(web.config, "debug", False)
