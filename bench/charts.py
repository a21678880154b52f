#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause

"""Charts as SVG from the result files of bench.sh and outage.sh.

charts.py DIR

Makes an SVG beside each result file in DIR: rate and CPU time from what bench.sh
has written as NAME-means.tsv, requests served a second from what outage.sh has
printed; and overview.svg, the picture of the README.  Lines of a result file that
start with '#' say where it is from; "# title: TEXT" and "# mark: SECONDS TEXT"
are drawn.
"""

import pathlib
import sys
from xml.sax.saxutils import escape

# The background is drawn too, so that a chart can be read on any page.
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.page { fill: #ffffff }
.title { font-size: 15px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.value { paint-order: stroke; stroke: #ffffff; stroke-width: 4px }
.middle { text-anchor: middle }
.end { text-anchor: end }
.axis { stroke: #8c959f; fill: none }
.grid { stroke: #d1d9e0; fill: none }
.base { stroke: #59636e; stroke-dasharray: 4 3; fill: none }
.good { fill: #2f6fd0 }
.bad { fill: #c4622d }
.box { fill: #eef2f7; stroke: #8c959f }
.ours { fill: #dbe8fb; stroke: #2f6fd0 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .page { fill: #12161c }
  .value { stroke: #12161c }
  .small { fill: #9ba6b2 }
  .axis { stroke: #6e7781 }
  .grid { stroke: #2b323b }
  .base { stroke: #9ba6b2 }
  .good { fill: #5b96ee }
  .bad { fill: #e08a55 }
  .box { fill: #1d242d; stroke: #6e7781 }
  .ours { fill: #1b2f4d; stroke: #5b96ee }
}
"""


class Svg:
    def __init__(self, width, height, title):
        self.width, self.height, self.title = width, height, title
        self.parts = []

    def rect(self, x, y, width, height, css, extra=""):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                          f'height="{height:.1f}" class="{css}"{extra}/>')

    def line(self, x1, y1, x2, y2, css, extra=""):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}" class="{css}"{extra}/>')

    def text(self, x, y, text, css=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" class="{css}">'
                          f'{escape(text)}</text>')

    def path(self, points, css):
        steps = " L".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(f'<path d="M{steps} Z" class="{css}"/>')

    def write(self, out):
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" role="img" '
                  f'viewBox="0 0 {self.width} {self.height}" '
                  f'width="{self.width}" height="{self.height}">\n'
                  f"<title>{escape(self.title)}</title>\n"
                  f"<style>{STYLE}</style>\n"
                  f'<rect width="{self.width}" height="{self.height}" '
                  f'class="page"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


class Table:
    """Rows as dictionaries, marks as (seconds, text), and a title."""

    def __init__(self, text):
        self.rows, self.marks, self.title, names = [], [], "", None
        for line in text.splitlines():
            if line.startswith("# title: "):
                self.title = line[len("# title: "):]
            elif line.startswith("# mark: "):
                second, what = line[len("# mark: "):].split(" ", 1)
                self.marks.append((float(second), what))
            elif not line.startswith("#") and names is None:
                names = line.split("\t")
            elif not line.startswith("#"):
                self.rows.append(dict(zip(names, line.split("\t"))))


# ---- rate and CPU ----

ROW, BAR = 22, 14


def bars(svg, x, y, width, most, rows, key, title, better, worse):
    """One panel: a bar a row, from 0 to ‘most’ times the base."""
    scale = width / most
    bottom = y + ROW * len(rows)
    svg.text(x, y - 34, title, "title")
    svg.text(x, y - 16, better, "small")
    for i in range(int(most) + 1):
        svg.line(x + i * scale, y - 6, x + i * scale, bottom, "grid")
        svg.text(x + i * scale, bottom + 16, f"{i} x", "small middle")
    for i, row in enumerate(rows):
        value = float(row[key])
        top = y + i * ROW + (ROW - BAR) / 2
        css = "bad" if worse(value) else "good"
        svg.rect(x, top, value * scale, BAR, css, ' rx="2"')
    svg.line(x + scale, y - 6, x + scale, bottom, "base")
    for i, row in enumerate(rows):
        value = float(row[key])
        svg.text(x + value * scale + 6, y + (i + 1) * ROW - 7, f"{value:.2f}",
                 "small value")
    svg.text(x + scale, bottom + 32, "qemu-nbd", "small middle")


def speed(table):
    name = table.rows[0]["server"]
    rows = [r for r in table.rows if r["server"] == name]
    left, panel, gap, top = 196, 230, 70, 64
    svg = Svg(left + 2 * panel + gap + 50, top + ROW * len(rows) + 48,
              f"Rate and CPU time of {name}, as multiples of qemu-nbd's")
    for i, row in enumerate(rows):
        n = row["connections"]
        svg.text(left - 12, top + i * ROW + ROW - 7,
                 f"{row['requests']}, {n} connection{'s' if n != '1' else ''}",
                 "end")
    most = max(2.0, *(float(r["rate"]) for r in rows))
    bars(svg, left, top, panel, most, rows, "rate", "Requests a second",
         "longer is faster", lambda v: v < 1)
    most = max(1.5, *(float(r["cpu"]) for r in rows))
    bars(svg, left + panel + gap, top, panel, most, rows, "cpu",
         "CPU time a request", "shorter is cheaper", lambda v: v > 1)
    return svg


# ---- requests served a second ----

def timeline(table):
    rows, title = table.rows, table.title
    names = list(dict.fromkeys(r["server"] for r in rows))
    end = max(float(r["second"]) for r in rows)
    most = 250
    left, width, top, height, gap = 90, 620, 70, 96, 34
    svg = Svg(left + width + 30, top + len(names) * (height + gap), title)
    svg.text(left, 26, title, "title")
    for i, name in enumerate(names):
        area(svg, left, top + i * (height + gap), width, height, most, end,
              [r for r in rows if r["server"] == name], name)
    bottom = top + len(names) * (height + gap) - gap
    for second, text in table.marks:
        x = left + second / end * width
        svg.line(x, 44, x, bottom, "base")
        svg.text(x + 5, 54, text, "small")
    for second in range(0, int(end) + 1, 5 if end <= 30 else 10):
        svg.text(left + second / end * width, bottom + 18, f"{second} s",
                 "small middle")
    return svg


def area(svg, x, y, width, height, most, end, rows, name):
    def at(second, value):
        return (x + min(second, end) / end * width,
                y + height - min(value, most) / most * height)

    svg.text(x - 12, y + height / 2 - 4, name, "end")
    svg.text(x - 12, y + height / 2 + 13, "served / s", "small end")
    for value in (100, 200):
        svg.line(*at(0, value), *at(end, value), "grid")
        svg.text(x + width + 4, at(0, value)[1] + 4, str(value), "small")
    seconds = [float(r["second"]) for r in rows]
    step = seconds[1] - seconds[0]
    for key, css in (("served", "good"), ("failed", "bad")):
        points = [at(0, 0)]
        for second, row in zip(seconds, rows):
            points += [at(second, float(row[key])),
                       at(second + step, float(row[key]))]
        if any(float(r[key]) > 0 for r in rows):
            svg.path(points + [at(end, 0)], css)
    svg.line(x, y + height, x + width, y + height, "axis")


# ---- the picture of the README ----

def overview():
    svg = Svg(772, 190, "A target speaks iSCSI with nbdkit, and nbdkit NBD "
              "with its clients")
    y, height = 46, 84

    def box(x, width, css, *lines):
        svg.rect(x, y, width, height, css, ' rx="6"')
        first = y + height / 2 - (len(lines) - 1) * 9 + 5
        for i, line in enumerate(lines):
            svg.text(x + width / 2, first + i * 18, line,
                     "middle" if i == 0 else "small middle")

    def arrow(x1, x2, above, below):
        middle = y + height / 2
        svg.line(x1 + 4, middle, x2 - 4, middle, "axis", ' stroke-width="1.5"')
        for x, d in ((x1 + 4, 7), (x2 - 4, -7)):
            svg.line(x, middle, x + d, middle - 4, "axis")
            svg.line(x, middle, x + d, middle + 4, "axis")
        svg.text((x1 + x2) / 2, middle - 10, above, "middle")
        svg.text((x1 + x2) / 2, middle + 22, below, "small middle")

    box(10, 150, "box", "iSCSI target", "array, NAS, tgt, LIO")
    arrow(160, 290, "iSCSI", "TCP")
    box(290, 180, "ours", "nbdkit + this plugin", "an ordinary process,",
        "no root, no kernel module")
    arrow(470, 600, "NBD", "Unix socket, TLS")
    box(600, 150, "box", "clients", "nbdcopy, qemu,", "guestfish, backup")
    svg.text(520, 24, "one host or container", "small middle")
    svg.rect(278, 32, 484, 112, "axis", ' stroke-dasharray="5 4" rx="8"')
    svg.text(10, 172, "A session that is lost is made again, and what was in "
             "flight is asked again: clients see a delay.", "small")
    return svg


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    directory = pathlib.Path(sys.argv[1])
    charts = {"overview": overview()}
    for path in directory.glob("*.tsv"):
        table = Table(path.read_text(encoding="utf-8"))
        draw = timeline if "second" in table.rows[0] else speed
        charts[path.stem] = draw(table)
    for name, svg in charts.items():
        with open(directory / f"{name}.svg", "w", encoding="utf-8") as out:
            svg.write(out)


main()
