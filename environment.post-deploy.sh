#!/usr/bin/env sh
# Install the locked packages and nascore into the active environment; runs in the project's folder.
set -eu
python -m pip install --quiet -r requirements.lock
python -m pip install --quiet --no-deps --no-build-isolation -e .
