"""Looks for needles with OpenCV, as the peer of mosdat's search by likeness.

Reads a folder: `index` has a line for each needle, `FRAME WIDTH HEIGHT NEEDLE WIDTH HEIGHT`, of files
with four bytes a pixel; each line of needles that are timed begins with `time`, of others with
`score`. Prints the median in milliseconds of the former, and the score and place of the latter.
"""

import pathlib
import sys
import time

import cv2
import numpy

RUNS = 30


def grey(folder, name, width, height):
    rgba = numpy.frombuffer((folder / name).read_bytes(), numpy.uint8)
    return cv2.cvtColor(rgba.reshape(int(height), int(width), 4), cv2.COLOR_RGBA2GRAY)


def look(frame, needle):
    _, score, _, place = cv2.minMaxLoc(cv2.matchTemplate(frame, needle, cv2.TM_CCOEFF_NORMED))
    return score, place


def main():
    cv2.setNumThreads(1)
    folder = pathlib.Path(sys.argv[1])
    for line in (folder / "index").read_text().splitlines():
        what, frame, width, height, needle, *size = line.split()
        frame, needle = grey(folder, frame, width, height), grey(folder, needle, *size)
        score, (x, y) = look(frame, needle)
        if what == "score":
            print(score, x, y)
            continue
        times = []
        for _ in range(RUNS):
            start = time.thread_time()
            look(frame, needle)
            times.append(time.thread_time() - start)
        print(sorted(times)[RUNS // 2] * 1e3)


main()
