"""The management commands of Change By Us. `invoke --list` names them, `invoke --help COMMAND` explains one."""

from giveaminute.management.cli import namespace as _namespace

namespace = _namespace()
