"""The management commands of Change By Us. `invoke --list` names them, `invoke --help COMMAND` explains one."""

import sys

# invoke keeps Python from writing compiled files, and each command would compile the package anew.
sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)

from giveaminute.management.cli import namespace as _namespace  # noqa: E402

namespace = _namespace()
