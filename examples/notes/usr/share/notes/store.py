"""Keeps notes as files, one each, named after their titles. Knows nothing of windows."""

import os
import tempfile


class Refused(Exception):
    """A note cannot be kept as it is; the text says why."""


class Store:
    """A folder of notes."""

    def __init__(self, folder):
        self.folder = folder

    def titles(self):
        """Returns the title of every note, sorted."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted((name[:-4] for name in names if name.endswith(".txt")), key=str.casefold)

    def read(self, title):
        """Returns the text of a note."""
        with open(self._path(title), encoding="utf-8", errors="replace") as file:
            return file.read()

    def write(self, title, text):
        """Keeps a note. Whoever reads meanwhile sees the old text or the new one, never half."""
        if not title:
            raise Refused("A note needs a title")
        if "/" in title or title.startswith("."):
            raise Refused("A title cannot start with a dot or contain a slash")
        os.makedirs(self.folder, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=self.folder)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(draft, self._path(title))

    def delete(self, title):
        """Drops a note."""
        os.unlink(self._path(title))

    def _path(self, title):
        return os.path.join(self.folder, title + ".txt")


def default_folder():
    """Returns where this user's notes lie."""
    data = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(data, "notes")
