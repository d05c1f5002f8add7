"""The window of Notes: a list, a title, a text, and what the buttons do. Keeps nothing itself."""

import sys

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("Gdk", "3.0")
from gi.repository import Gdk, GLib, Gtk  # noqa: E402

from badge import badge  # noqa: E402
from store import Refused, Store, default_folder  # noqa: E402


def run(version, layout):
    """Shows the window until it is closed. Returns the exit code."""
    GLib.set_prgname("notes")
    GLib.set_application_name("Notes")
    started, _arguments = Gtk.init_check(sys.argv)
    if not started:
        print("notes: no display: neither WAYLAND_DISPLAY nor DISPLAY leads to one",
              file=sys.stderr)
        return 1
    window = NotesWindow(Store(default_folder()), version, layout)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()
    Gtk.main()
    return 0


def named(widget, name):
    """Tells the accessibility tree what a widget is called."""
    widget.get_accessible().set_name(name)
    return widget


def count(number):
    """Returns `1 note`, `3 notes`."""
    return f"{number} note" if number == 1 else f"{number} notes"


class NotesWindow(Gtk.Window):
    """The one window there is."""

    def __init__(self, store, version, layout):
        super().__init__(title="Notes")
        self.store = store
        self.version = version
        self.open_title = None
        self.filling = False
        self.set_icon_name("notes")
        self.set_default_size(*((420, 560) if layout == "compact" else (720, 480)))
        self.add(self._content(layout))
        self._connect_keys()
        self._fill_list()
        self.status.set_text(count(len(self.store.titles())))
        self.delete.set_sensitive(False)
        self.title_entry.grab_focus()

    # What is seen.

    def _content(self, layout):
        upright = layout == "compact"
        panes = Gtk.Paned(orientation=Gtk.Orientation.VERTICAL if upright
                          else Gtk.Orientation.HORIZONTAL)
        panes.pack1(self._list_side(), resize=False, shrink=False)
        panes.pack2(self._note_side(), resize=True, shrink=False)
        panes.set_position(180 if upright else 220)
        self.status = Gtk.Label(xalign=0, margin=6)
        whole = Gtk.Box(orientation=Gtk.Orientation.VERTICAL)
        whole.pack_start(self._bar(), False, False, 0)
        whole.pack_start(panes, True, True, 0)
        whole.pack_start(self.status, False, False, 0)
        return whole

    def _bar(self):
        bar = Gtk.Box(spacing=6, margin=6)
        for label, action in [("_New", self.on_new), ("_Save", self.on_save),
                              ("_Delete", self.on_delete)]:
            button = named(Gtk.Button(label=label, use_underline=True), label.lstrip("_"))
            button.connect("clicked", action)
            bar.pack_start(button, False, False, 0)
            if action == self.on_delete:
                self.delete = button
        emblem = named(Gtk.EventBox(), "Badge")
        emblem.add(badge())
        emblem.connect("button-press-event", self.on_badge)
        bar.pack_end(emblem, False, False, 0)
        return bar

    def _list_side(self):
        self.search = named(Gtk.SearchEntry(placeholder_text="Search"), "Search")
        self.search.connect("search-changed", self.on_search)
        self.search.connect("stop-search", lambda entry: entry.set_text(""))
        self.list = named(Gtk.ListBox(), "Notes")
        self.list.connect("row-selected", self.on_row)
        scrolled = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER)
        scrolled.add(self.list)
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin=6)
        side.pack_start(self.search, False, False, 0)
        side.pack_start(scrolled, True, True, 0)
        return side

    def _note_side(self):
        self.title_entry = named(Gtk.Entry(hexpand=True), "Title")
        label = Gtk.Label(label="_Title", use_underline=True)
        label.set_mnemonic_widget(self.title_entry)
        line = Gtk.Box(spacing=6)
        line.pack_start(label, False, False, 0)
        line.pack_start(self.title_entry, True, True, 0)
        # Tab leaves the text instead of going into it, so that every widget is reached by keys.
        self.text = named(Gtk.TextView(wrap_mode=Gtk.WrapMode.WORD, accepts_tab=False), "Text")
        scrolled = Gtk.ScrolledWindow(shadow_type=Gtk.ShadowType.IN)
        scrolled.add(self.text)
        side = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin=6)
        side.pack_start(line, False, False, 0)
        side.pack_start(scrolled, True, True, 0)
        return side

    def _connect_keys(self):
        keys = Gtk.AccelGroup()
        for key, action in [("n", self.on_new), ("s", self.on_save),
                            ("f", lambda *_: self.search.grab_focus()),
                            ("q", lambda *_: self.destroy())]:
            keys.connect(ord(key), Gdk.ModifierType.CONTROL_MASK, 0, self._key(action))
        self.add_accel_group(keys)

    @staticmethod
    def _key(action):
        def pressed(*_):
            action(None)
            return True
        return pressed

    # What happens.

    def on_new(self, _button):
        self._show_note(None, "", "")
        self.title_entry.grab_focus()
        self.status.set_text("New note")

    def on_save(self, _button):
        title = self.title_entry.get_text().strip()
        try:
            self.store.write(title, self._text())
        except (Refused, OSError) as error:
            self.status.set_text(str(error))
            return
        if self.open_title not in (None, title):
            self.store.delete(self.open_title)
        self.open_title = title
        self.delete.set_sensitive(True)
        self._fill_list()
        self.status.set_text(f"Saved {title}")

    def on_delete(self, _button):
        title = self.open_title
        self.store.delete(title)
        self._show_note(None, "", "")
        self._fill_list()
        self.status.set_text(f"Deleted {title}")

    def on_search(self, _entry):
        self._fill_list()
        shown, known = len(self.list.get_children()), len(self.store.titles())
        self.status.set_text(f"{shown} of {count(known)}" if self.search.get_text()
                             else count(known))

    def on_row(self, _list, row):
        if row is not None and not self.filling:
            self._show_note(row.title, row.title, self.store.read(row.title))
            self.status.set_text(f"Opened {row.title}")

    def on_badge(self, *_):
        self.status.set_text(f"Notes {self.version}")

    # What is shown of what is kept.

    def _show_note(self, open_title, title, text):
        self.open_title = open_title
        self.delete.set_sensitive(open_title is not None)
        self.title_entry.set_text(title)
        self.text.get_buffer().set_text(text)
        if open_title is None:
            self.list.unselect_all()

    def _fill_list(self):
        """Shows the notes that the search finds, in title or text."""
        wanted = self.search.get_text().casefold()
        self.filling = True
        for row in self.list.get_children():
            self.list.remove(row)
        for title in self.store.titles():
            if wanted in title.casefold() or wanted in self.store.read(title).casefold():
                row = named(Gtk.ListBoxRow(), title)
                row.title = title
                row.add(Gtk.Label(label=title, xalign=0, margin=6))
                self.list.add(row)
                if title == self.open_title:
                    self.list.select_row(row)
        self.list.show_all()
        self.filling = False

    def _text(self):
        buffer = self.text.get_buffer()
        return buffer.get_text(*buffer.get_bounds(), include_hidden_chars=True)
