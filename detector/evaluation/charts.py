"""The precision-recall and the reliability curves as SVG; no library, no script.

Colours are CSS variables with a fallback, so that the page can darken them and the files stand alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from detector.evaluation.calibration import precision_recall
from detector.evaluation.figures import RECALL
from detector.evaluation.looks import tally_of
from detector.evaluation.report import Report
from detector.evaluation.thresholds import PRECISION

COLOURS = {"stall": "#0b7285", "shop_goods": "#9a5b00", "pile": "#7b3fb3"}
DASHES = {"stall": "none", "shop_goods": "7 3", "pile": "2 3"}
OTHER = "#55606e"
SIDE, LEFT, TOP, BELOW = 300.0, 46.0, 34.0, 68.0
"""Side of the square drawn in, and the room around it, in units of the drawing."""

Point = tuple[float, float]


def precision_recall_chart(report: Report) -> str:
    """Precision over recall per class; a ring at the operating threshold, a cross at the aim."""
    marks = [_cross(RECALL, PRECISION)]
    for name in report.classes.mean:
        curve = precision_recall(tally_of(report.looks.scenes, name))
        if not len(curve):
            continue
        envelope = np.maximum.accumulate(curve[::-1, 2])[::-1]
        marks.append(_line([(0, float(envelope[0])), *zip(curve[:, 1], envelope, strict=True)], name))
        shown = int((curve[:, 0] >= report.thresholds[name]).sum())
        if shown:
            marks.append(_ring((curve[shown - 1, 1], curve[shown - 1, 2]), name, 5))
    axes = ("查全率 recall", "查准率 precision")
    note = f"○ 运行阈值 threshold   × 目标 aim {PRECISION:g} / {RECALL:g}"
    return _chart("查准率与查全率 Precision and recall", axes, marks, report.classes.mean, note)


def reliability_chart(report: Report) -> str:
    """Share right over confidence per class, rings as large as there are boxes; on the diagonal a confidence means
    what it says.
    """
    marks = [f'<path d="M{_at((0, 0))}L{_at((1, 1))}" style="{_stroke(OTHER)};stroke-dasharray:4 4"/>']
    errors = []
    for name in report.classes.mean:
        made = report.calibrations[name]
        points = [(b.confidence, b.right) for b in made.bins]
        marks.append(_line(points, name))
        marks += [
            _ring(p, name, 2 + min(9.0, 0.8 * b.boxes**0.5), f"{b.boxes}")
            for p, b in zip(points, made.bins, strict=True)
        ]
        errors.append(f"{name} {made.error:.3f}" if made.bins else f"{name} –")
    axes = ("置信度 confidence", "正确的比例 share right")
    return _chart("可靠性 Reliability", axes, marks, report.classes.mean, f"ECE {', '.join(errors)}")


def write_charts(report: Report, folder: Path) -> list[Path]:
    """Write both as ``precision-recall.svg`` and ``reliability.svg``. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {"precision-recall": precision_recall_chart(report), "reliability": reliability_chart(report)}
    for name, text in made.items():
        (folder / f"{name}.svg").write_text(text + "\n", "utf-8")
    return [folder / f"{name}.svg" for name in made]


def _chart(title: str, axes: tuple[str, str], marks: Sequence[str], names: Sequence[str], note: str) -> str:
    width, height = LEFT + SIDE + 14, TOP + SIDE + BELOW
    grid = []
    for step in range(0, 11, 2):
        v = step / 10
        (x, y), text = _xy((v, v)), f"{v:g}"
        grid.append(f'<path d="M{x} {TOP}V{TOP + SIDE}M{LEFT} {y}H{LEFT + SIDE}" style="{_stroke(None)}"/>')
        grid.append(_text(x, TOP + SIDE + 14, text, "middle") + _text(LEFT - 6, y + 4, text, "end"))
    legend = []
    for i, name in enumerate(names):
        x = LEFT + i * 105
        legend.append(f'<path d="M{x} {TOP + SIDE + 44}h22" style="{_stroke_of(name)};stroke-width:2.5"/>')
        legend.append(_text(x + 27, TOP + SIDE + 48, name, "start"))
    middle = TOP + SIDE / 2
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'font-family="system-ui, Noto Sans CJK SC, sans-serif" font-size="11">',
            f"<title>{escape(title)}</title>",
            f'<rect width="{width:g}" height="{height:g}" style="fill:var(--surface,#fff)"/>',
            _text(LEFT, 18, title, "start", "font-weight:600;font-size:13px"),
            *grid,
            _text(LEFT + SIDE, TOP + SIDE + 28, axes[0], "end"),
            f'<g transform="rotate(-90 12 {middle:g})">{_text(12, middle, axes[1], "middle")}</g>',
            *marks,
            *legend,
            _text(LEFT, TOP + SIDE + 63, note, "start"),
            "</svg>",
        ]
    )


def _xy(point: Point) -> Point:
    return round(LEFT + point[0] * SIDE, 1), round(TOP + (1 - point[1]) * SIDE, 1)


def _at(point: Point) -> str:
    x, y = _xy(point)
    return f"{x} {y}"


def _line(points: Sequence[Point], name: str) -> str:
    path = "L".join(dict.fromkeys(_at(p) for p in points))
    return f'<path d="M{path}" style="{_stroke_of(name)};stroke-width:2"/>' if points else ""


def _ring(point: Point, name: str, radius: float, told: str = "") -> str:
    x, y = _xy(point)
    told = f"<title>{told}</title>" if told else ""
    return (
        f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" style="{_stroke(colour(name), name)};stroke-width:2;'
        f'fill:var(--surface,#fff);fill-opacity:.6">{told}</circle>'
    )


def _cross(x: float, y: float) -> str:
    a, b = _xy((x, y))
    return f'<path d="M{a - 4} {b - 4}l8 8m0 -8l-8 8" style="{_stroke(OTHER)};stroke-width:2"/>'


def _text(x: float, y: float, text: str, anchor: str, style: str = "") -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" style="fill:var(--text,#171b21);{style}">'
        f"{escape(text)}</text>"
    )


def colour(name: str) -> str:
    """A class's colour on white."""
    return COLOURS.get(name, OTHER)


def _stroke_of(name: str) -> str:
    return f"{_stroke(colour(name), name)};stroke-dasharray:{DASHES.get(name, 'none')}"


def _stroke(fixed: str | None, name: str = "") -> str:
    """Of a class (may be darkened by its variable), of a fixed colour, or of the grid."""
    if fixed is None:
        return "fill:none;stroke:var(--line,#d9dde3)"
    return f"fill:none;stroke:var(--{name},{fixed})" if name in COLOURS else f"fill:none;stroke:{fixed}"
