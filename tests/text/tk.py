#!/usr/bin/python3
"""Shows the lines of heldout.txt in Tk, in several fonts and colours: tk.py SCALE"""
import os
import sys
import tkinter
from tkinter import font, ttk

FONTS = [("Nimbus Sans", 10), ("DejaVu Serif", 9), ("Nimbus Mono PS", 11), ("DejaVu Sans", 8), ("P052", 11)]
COLOURS = [("#1e1e1e", "#d4d4d4"), ("#ffffff", "#333333"), ("#fdf6e3", "#586e75"), ("#20304f", "#f2f2f2")]

scale = float(sys.argv[1])
root = tkinter.Tk()
root.title("")
root.geometry("+0+0")
root.tk.call("tk", "scaling", 96 / 72 * scale)
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "heldout.txt")) as file:
    lines = file.read().splitlines()
for at, line in enumerate(lines):
    ground, ink = COLOURS[at // 6 % len(COLOURS)]
    name, size = FONTS[at % len(FONTS)]
    cell = tkinter.Frame(root, background=ground)
    look = font.Font(family=name, size=size)
    if at % 6 == 5:
        ttk.Button(cell, text=line).pack(anchor="w", padx=8, pady=4)
    else:
        tkinter.Label(cell, text=line, font=look, background=ground, foreground=ink).pack(
            anchor="w", padx=8, pady=4
        )
    cell.grid(row=at % 12, column=at // 12, sticky="nsew")
root.mainloop()
