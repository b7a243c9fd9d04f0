"""Installs the package for those who deploy with pip; a checkout needs only `scripts/inv`."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).parent

setup(
    name="giveaminute",
    version=re.search(r'__version__ = "(.+)"', (ROOT / "giveaminute/__init__.py").read_text(encoding="utf-8"))[1],
    description="Change By Us, with the management commands that keep its databases at the right schema",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    packages=find_packages(include=["giveaminute", "giveaminute.*"]),
    package_data={
        "giveaminute": [
            "py.typed",
            "migrations/migrate.cfg",
            "migrations/versions/*",
            "webapp/static/*",
            "webapp/templates/*",
        ]
    },
    python_requires=">=3.10",
    install_requires=[
        "alembic>=1.20,<2",
        "invoke>=3.0,<4",
        "PyMySQL[rsa]>=1.2,<2",
        "PyYAML>=6,<7",
        "rich>=13",
        "SQLAlchemy>=2.1,<2.2",
        "web.py>=0.62",
        "zstandard>=0.23",
    ],
    extras_require={
        "test": [
            "axe-playwright-python>=0.1",
            "hypothesis>=6",
            "import-linter>=2",
            "mypy>=2,<3",
            "playwright>=1.50",
            "pytest>=9,<10",
            "pytest-xdist>=3.8,<4",
            "ruff>=0.17,<0.18",
            "types-PyMySQL",
            "types-PyYAML",
        ]
    },
)
