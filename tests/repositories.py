"""Small migration repositories for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CONFIG = "[db_settings]\nrepository_id=cbu\nversion_table=migrate_version\nrequired_dbs=[]\n"


def make_repository(folder: Path, files: Mapping[str, str | bytes], config: str = CONFIG) -> Path:
    """A repository of exactly these scripts, by file name; whatever scripts the folder had are gone."""
    versions = folder / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    (folder / "migrate.cfg").write_text(config, encoding="utf-8")
    for old in versions.iterdir():
        if old.is_file():
            old.unlink()
    for name, text in files.items():
        (versions / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return folder
