#!/bin/bash
# Checks formatting, lints and documentation, cheap checks first.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo fmt --check

scripts=(.ci/run scripts/*.sh scripts/*/*.sh examples/*/*.sh)
for script in "${scripts[@]}"; do bash -n "$script"; done
if command -v shellcheck > /dev/null; then shellcheck "${scripts[@]}"; fi

cargo clippy --all-targets -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --no-deps
