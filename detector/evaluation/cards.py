"""Errors of a kind as cards for the page: the part of the picture around each, with labels and boxes drawn."""

from __future__ import annotations

import base64
import io
from collections import Counter
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from detector.evaluation.charts import COLOURS
from detector.evaluation.mistakes import BACKGROUND, LOOSE, Finding, Kind
from detector.evaluation.report import Report
from detector.pictures import read_picture

PER_KIND, PER_PICTURE = 24, 3
"""Most errors shown of a kind, and of these from one picture."""

LONGEST = 640
"""Longest side of a picture on the page, pixels."""

AROUND = 0.45
"""Least share of the picture's sides that is shown around an error."""

NAMES = {"stall": "摊位", "shop_goods": "店外商品", "pile": "堆物", BACKGROUND: "背景", "mean": "平均"}

SECTIONS: dict[Kind, tuple[str, str, str, str]] = {
    Kind.FALSE: ("误检", "False boxes", "最有把握的在前", "the most confident first"),
    Kind.MISSED: ("漏检", "Missed", "最大的在前", "the largest first"),
    Kind.CONFUSED: ("认错类别", "Confused", "位置对，类别错", "right place, wrong class"),
    Kind.LOOSE: ("框不准", "Badly placed", "交并比 0.3–0.5", "overlap 0.3-0.5"),
    Kind.DOUBLED: ("重复框", "Doubled", "同一物两个框", "a second box on the same thing"),
}


def section(report: Report, kind: Kind) -> str:
    """The worst errors of a kind, each as a card. Raises BadPicture when a picture is gone since the look."""
    every = [f for f in report.found if f.kind is kind]
    chosen = _worst(every, kind)
    zh, en, order_zh, order_en = SECTIONS[kind]
    count = f"{len(chosen)} / {len(every)}" if len(chosen) < len(every) else str(len(every))
    cards = "".join(_card(report, one) for one in chosen) or f"<p>{both('没有。', 'None.')}</p>"
    return (
        f'<h2 id="{kind}">{both(zh, en)} <small>{count} · {both(order_zh, order_en)}</small></h2>'
        f"<div class=cards>{cards}</div>"
    )


def _worst(every: list[Finding], kind: Kind) -> list[Finding]:
    """Missed things that have a badly placed box stand in that section alone."""
    if kind is Kind.MISSED:
        ordered = sorted((f for f in every if f.overlap < LOOSE), key=lambda f: -f.share)
    else:
        ordered = sorted(every, key=lambda f: -f.confidence)
    taken: Counter[str] = Counter()
    chosen: list[Finding] = []
    for one in ordered:
        taken[one.scene.file] += 1
        if taken[one.scene.file] <= PER_PICTURE and len(chosen) < PER_KIND:
            chosen.append(one)
    return chosen


def _card(report: Report, one: Finding) -> str:
    shown = (
        f"{both('检出', 'shown')} {class_name(one.shown)} {one.confidence:.2f}"
        if one.shown != BACKGROUND
        else ""
    )
    labelled = f"{both('标注', 'labelled')} {class_name(one.labelled)}" if one.labelled != BACKGROUND else ""
    near = f"{both('交并比', 'overlap')} {one.overlap:.2f}" if one.overlap else ""
    share = f"{both('占画面', 'of the picture')} {100 * one.share:.1f}%"
    told = " · ".join(part for part in (shown, labelled, near, share) if part)
    return (
        f"<figure>{_drawn(report, one)}<figcaption><p>{told}</p><p class=file>{escape(one.scene.file)}</p>"
        "</figcaption></figure>"
    )


def _drawn(report: Report, one: Finding) -> str:
    """The part of the picture around an error with all labels and boxes shown there."""
    x0, y0, x1, y1 = _view(one)
    shapes = []
    for name in report.classes.wanted:
        shapes += [_box(b, name, "label", one) for b in one.scene.truths[name]]
        seen = one.scene.boxes_of(name)
        strong = seen.confidence >= report.thresholds[name]
        shapes += [_box(b, name, "shown", one) for b in seen.boxes[strong]]
    return (
        f'<svg viewBox="{x0} {y0} {x1 - x0} {y1 - y0}" role="img"><title>{escape(one.scene.file)}</title>'
        f'<image href="{_jpeg(one.scene.path, (x0, y0, x1, y1))}" x="{x0}" y="{y0}" width="{x1 - x0}" '
        f'height="{y1 - y0}" preserveAspectRatio="none"/>{"".join(shapes)}</svg>'
    )


def _view(one: Finding) -> tuple[int, int, int, int]:
    """Left, top, right, bottom: the box with as much again around it, at least ``AROUND`` of the picture."""
    left, top, right, bottom = (float(v) for v in one.box)
    sides = []
    for low, high, whole in ((left, right, one.scene.width), (top, bottom, one.scene.height)):
        length = min(whole, max(2 * (high - low), AROUND * whole))
        start = min(max((low + high - length) / 2, 0), whole - length)
        sides.append((int(start), int(np.ceil(start + length))))
    (x0, x1), (y0, y1) = sides
    return x0, y0, min(x1, one.scene.width), min(y1, one.scene.height)


def _box(box: NDArray[np.float32], name: str, kind: str, one: Finding) -> str:
    """A rectangle; the error itself is drawn thicker."""
    x0, y0, x1, y1 = (round(float(v), 1) for v in box)
    place = f'x="{x0}" y="{y0}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}"'
    meant = kind == ("label" if one.kind is Kind.MISSED else "shown") and np.array_equal(box, one.box)
    classes = f"{name if name in COLOURS else 'other'} {kind}{' this' if meant else ''}"
    return f'<rect class="case" {place}/><rect class="{classes}" {place}/>'


def _jpeg(path: Path, view: tuple[int, int, int, int]) -> str:
    """A part of a picture as a data address, made smaller."""
    x0, y0, x1, y1 = view
    part = Pillow.fromarray(np.ascontiguousarray(read_picture(path)[y0:y1, x0:x1, ::-1]))
    part.thumbnail((LONGEST, LONGEST))
    file = io.BytesIO()
    part.save(file, "JPEG", quality=78, optimize=True)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def class_name(name: str) -> str:
    """A class in both languages."""
    return both(NAMES[name], name) if name in NAMES else escape(name)


def both(zh: str, en: str) -> str:
    """Chinese first, English beside it in grey."""
    return f'{escape(zh)} <i lang="en">{escape(en)}</i>'
