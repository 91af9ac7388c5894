#!/usr/bin/env bash
# Installs the Debian 12 packages that building Candor needs. Safe to repeat; asks for nothing.
#   scripts/setup.sh          what the program needs
#   scripts/setup.sh --dev    also what the tests, benchmarks, sanitizers and fuzzers need, and python3-venv for the peers
set -euo pipefail

build=(g++ cmake ninja-build pkg-config ca-certificates nlohmann-json3-dev libcli11-dev libpcre2-dev libutf8proc-dev
       libssl-dev zlib1g-dev python3 python3-pip unzip)
dev=(libgtest-dev libgmock-dev libbenchmark-dev binutils git python3-jsonschema python3-numpy libopenblas0-pthread
     python3-venv clang-14 libclang-rt-14-dev)

wanted=("${build[@]}")
case "${1:-}" in
  "") ;;
  --dev) wanted+=("${dev[@]}") ;;
  *) echo "setup: unknown option '$1'; use --dev or nothing" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
done
if [ "${#missing[@]}" -eq 0 ]; then exit 0; fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "setup: needs root or sudo to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
