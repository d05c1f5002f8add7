#!/bin/bash
# Puts Debian's package of Mousepad into dist/: from apt's cache where it is there, else from the
# mirror. Which version that is, apt's policy says.
set -euo pipefail
cd "$(dirname "$0")"

rm -rf dist
mkdir dist
version=$(LC_ALL=C apt-cache policy mousepad | sed -n 's/^ *Candidate: //p')
if [ -z "$version" ] || [ "$version" = '(none)' ]; then
  echo "fetch.sh: apt knows no mousepad; run \`apt-get update\`" >&2
  exit 1
fi

# In file names, apt writes the colon of an epoch as %3a.
cached=(/var/cache/apt/archives/mousepad_"${version//:/%3a}"_*.deb)
if [ -f "${cached[0]}" ]; then
  cp "${cached[0]}" dist/
  echo "mousepad $version, from apt's cache"
else
  # Without this, root's apt complains that its own user may not write here.
  (cd dist && apt-get -qq -o APT::Sandbox::User= download "mousepad=$version")
  echo "mousepad $version, downloaded"
fi
