#!/bin/bash
# Runs every test. The test runner's summary comes last.
set -euo pipefail
cd "$(dirname "$0")/.."

if cargo nextest --version > /dev/null 2>&1; then
  cargo test --doc --quiet
  cargo nextest run --profile ci
else
  echo 'test: there is no cargo-nextest; running cargo test' >&2
  cargo test
fi
