#!/usr/bin/env bash
# Builds and runs tests.
#   scripts/test.sh              the `fast` and `slow` ones
#   scripts/test.sh fast         the fast ones
#   scripts/test.sh asan|tsan    the fast ones with AddressSanitizer and UndefinedBehaviorSanitizer, or ThreadSanitizer
set -euo pipefail
cd "$(dirname "$0")/.."
case "${1:-all}" in
  all) preset=ci labels='^(fast|slow)$' ;;
  fast | slow) preset=ci labels="^$1\$" ;;
  asan | tsan) preset=$1 labels='^fast$' ;;
  *) echo "test: unknown word '$1'; use fast, slow, asan, tsan or nothing" >&2; exit 2 ;;
esac

scripts/setup.sh --dev
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset"
ctest --test-dir "build/$preset" --parallel "$(nproc)" --label-regex "$labels" --output-on-failure --no-tests=error \
  --timeout 1200
