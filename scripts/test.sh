#!/usr/bin/env bash
# Builds and runs the `fast` and `slow` tests. `scripts/test.sh fast` runs the fast ones only.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly labels=${1:-"fast|slow"}

scripts/setup.sh --dev
cmake --preset ci >/dev/null
cmake --build --preset ci
ctest --test-dir build/ci --label-regex "$labels" --output-on-failure --no-tests=error --timeout 1200
