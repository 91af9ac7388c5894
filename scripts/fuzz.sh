#!/usr/bin/env bash
# Builds the fuzz targets and runs each on its seeds for SECONDS (default 60). A crash, a leak or a hang ends it with an
# error; the input that caused it is kept in build/fuzz/findings/, what was learnt in build/fuzz/corpus/.
#   scripts/fuzz.sh [SECONDS [TARGET…]]
set -euo pipefail
cd "$(dirname "$0")/.."
readonly seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: SECONDS is '$seconds'; give a whole number from 1" >&2; exit 2; }
targets=("${@:2}")
[ "${#targets[@]}" -gt 0 ] || for seeds in tests/fuzz/seeds/*/; do targets+=("$(basename "$seeds")"); done
for target in "${targets[@]}"; do
  if [ ! -d "tests/fuzz/seeds/$target" ]; then
    echo "fuzz: no target '$target'; there are: $(ls -m tests/fuzz/seeds)" >&2
    exit 2
  fi
done

scripts/setup.sh --dev
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}"
mkdir -p build/fuzz/findings
for target in "${targets[@]}"; do
  echo "fuzz: $target, $seconds s"
  corpus=build/fuzz/corpus/$target log=build/fuzz/$target.log
  limit=(-malloc_limit_mb=16)  # one allocation of a reader, whose inputs have some kilobytes
  case $target in jinja | tokenizer_json) limit=() ;; esac
  mkdir -p "$corpus"
  if ! "build/fuzz/bin/fuzz_$target" -max_total_time="$seconds" -timeout=20 "${limit[@]}" \
      -artifact_prefix="build/fuzz/findings/$target-" "$corpus" "tests/fuzz/seeds/$target" >"$log" 2>&1; then
    tail -n 60 "$log" >&2
    echo "fuzz: $target failed; the input is in build/fuzz/findings/, the whole output in $log" >&2
    exit 1
  fi
  tail -n 1 "$log"
done
