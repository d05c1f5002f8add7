#!/usr/bin/python3
"""Shows windows with known text: what tests and benchmarks of reading are held against.

scene.py [--dark] [--changed WORD]

All words on the screen, with the titles and the terminal, are in scene.txt. The terminal shows
terminal.txt, and is started by this. WORD is shown in place of the status `Paused`.
"""
import os
import subprocess
import sys

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
FIELDS = [
    ("Harbour name", "Northern Breakwater"),
    ("Contact address", "pilots@harbour.example"),
    ("Time zone", "Europe/Lisbon (summer)"),
    ("Weather station", "buoy-17.coast.internal"),
    ("Radio channel", "156.800"),
]
CHOICES = [
    ("Announce arrivals on the radio", True),
    ("Show depth in metres", False),
    ("Keep a copy of every manifest", True),
    ("Dim the display at night", True),
]
SHIPS = [
    ("Albatross", "214 m", "Moored"),
    ("grain-carrier-9.log", "88.5 m", "Loading"),
    ("Silver_Heron", "31 m", "Paused"),
    ("tug-02", "19.7 m", "Departed"),
    ("Quickstep", "1406 t", "Delayed"),
]


def preferences():
    window = Gtk.Window(title="Harbour Settings")
    window.set_default_size(540, 420)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6, margin=10)
    window.add(box)
    bar = Gtk.MenuBar()
    for title in ["Traffic", "Berths", "Charts", "Reports", "Help"]:
        bar.append(Gtk.MenuItem(label=title))
    box.pack_start(bar, False, False, 0)
    grid = Gtk.Grid(row_spacing=5, column_spacing=10)
    for row, (name, value) in enumerate(FIELDS):
        grid.attach(Gtk.Label(label=name, xalign=0), 0, row, 1, 1)
        grid.attach(Gtk.Entry(text=value, can_focus=False, width_chars=32), 1, row, 1, 1)
    box.pack_start(grid, False, False, 0)
    for text, is_on in CHOICES:
        box.pack_start(Gtk.CheckButton(label=text, active=is_on, can_focus=False), False, False, 0)
    note = Gtk.Label(xalign=0)
    note.set_markup('<span foreground="#b3261e">Caution: low water expected at 04:35</span>')
    box.pack_start(note, False, False, 0)
    buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=6)
    for text in ["Reset everything", "Discard", "Publish", "Close"]:
        buttons.add(Gtk.Button(label=text, can_focus=False, sensitive=text != "Publish"))
    box.pack_end(buttons, False, False, 0)
    return window


def ships(changed):
    window = Gtk.Window(title="Vessels today")
    window.set_default_size(390, 240)
    store = Gtk.ListStore(str, str, str)
    for name, length, status in SHIPS:
        store.append((name, length, changed if status == "Paused" else status))
    view = Gtk.TreeView(model=store)
    for column, title in enumerate(["Vessel", "Measure", "State"]):
        view.append_column(Gtk.TreeViewColumn(title, Gtk.CellRendererText(), text=column))
    view.get_selection().select_path(1)
    window.add(view)
    return window, store


def question():
    window = Gtk.Window(title="Cancel berth")
    window.set_default_size(430, 120)
    box = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=10, margin=14)
    text = "Do you really want to cancel the berth of Quickstep?\nNobody else will be told about it."
    box.pack_start(Gtk.Label(label=text, xalign=0), False, False, 0)
    buttons = Gtk.ButtonBox(layout_style=Gtk.ButtonBoxStyle.END, spacing=6)
    for label in ["Leave as is", "Cancel berth"]:
        buttons.add(Gtk.Button(label=label, can_focus=False))
    box.pack_end(buttons, False, False, 0)
    window.add(box)
    return window


def main():
    changed = "Paused"
    if "--changed" in sys.argv:
        changed = sys.argv[sys.argv.index("--changed") + 1]
    settings = Gtk.Settings.get_default()
    settings.set_property("gtk-theme-name", "Adwaita")
    settings.set_property("gtk-font-name", "DejaVu Sans 10")
    settings.set_property("gtk-application-prefer-dark-theme", "--dark" in sys.argv)
    vessels, store = ships(changed)
    for window, place in [(preferences(), (20, 30)), (vessels, (600, 30)), (question(), (300, 560))]:
        window.connect("destroy", Gtk.main_quit)
        window.show_all()
        window.move(*place)
    command = f"cat '{HERE}/terminal.txt'; read -r line"
    font = ["-fa", "DejaVu Sans Mono", "-fs", "9", "-geometry", "58x7+600+320"]
    subprocess.Popen(["xterm", "-title", "Console", *font, "-e", command])

    def next_word(*_):
        """A line of standard input is the new word; its end is the end."""
        line = sys.stdin.readline()
        if not line:
            Gtk.main_quit()
        store[2][2] = line.strip()
        return True

    if "--follow" in sys.argv:
        GLib.io_add_watch(sys.stdin, GLib.IO_IN, next_word)
    Gtk.main()


main()
