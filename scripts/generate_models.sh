#!/bin/sh
# The old way of calling `invoke generate-models`.
exec "$(dirname "$0")/inv" generate-models "$@"
