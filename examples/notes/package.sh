#!/bin/bash
# Packs Notes as dist/notes_VERSION_all.deb. The same source gives the same bytes.
#
#   ./package.sh            list beside the note
#   ./package.sh --compact  list above the note
set -euo pipefail
cd "$(dirname "$0")"

layout=wide
case "${1-}" in
  '') ;;
  --compact) layout=compact ;;
  *) echo "usage: $0 [--compact]" >&2; exit 2 ;;
esac

version=$(cat VERSION)
# Files carry this time rather than now; 2026-01-01 when nobody says otherwise.
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-1767225600}

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT

mkdir "$tree/DEBIAN"
cp -R usr "$tree/usr"
find "$tree" -name __pycache__ -prune -exec rm -rf {} +
echo "$version" > "$tree/usr/share/notes/version"
echo "$layout" > "$tree/usr/share/notes/layout"
cat > "$tree/DEBIAN/control" <<CONTROL
Package: notes
Version: $version
Architecture: all
Maintainer: mosdat <mosdat@example.invalid>
Depends: python3, python3-gi, gir1.2-gtk-3.0
Section: utils
Priority: optional
Description: keeps notes, one text file each
 An app to test: small, and honest about what it shows.
CONTROL

# Modes and times must not depend on who checked the source out, and when.
find "$tree" -type d -exec chmod 755 {} +
find "$tree" -type f -exec chmod 644 {} +
chmod 755 "$tree/usr/bin/notes"
find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +

mkdir -p dist
rm -f dist/notes_*_all.deb
dpkg-deb --root-owner-group -Zgzip --build "$tree" "dist/notes_${version}_all.deb"
