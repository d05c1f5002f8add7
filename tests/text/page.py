#!/usr/bin/python3
"""Writes a page with the lines of heldout.txt for a browser: page.py > page.html"""
import html
import os

FONTS = ["sans-serif", "serif", "monospace", "Nimbus Sans Narrow", "URW Gothic"]
STYLES = ["", "background:#121212;color:#e0e0e0", "background:#0b5;color:#fff", "color:#777"]

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "heldout.txt")) as file:
    lines = file.read().splitlines()
print("<meta charset=utf-8><title> </title><body style='margin:6px;font-size:13px;columns:2'>")
for at, line in enumerate(lines):
    style = f"font-family:{FONTS[at % 5]};{STYLES[at // 6 % 4]};padding:4px 8px"
    print(f"<div style='{style}'>{html.escape(line)}</div>")
