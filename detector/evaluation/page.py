"""The page of the worst errors: one file that needs nothing else, pictures inside, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path

import numpy as np

from detector.evaluation.cards import SECTIONS, both, class_name, section
from detector.evaluation.charts import precision_recall_chart, reliability_chart
from detector.evaluation.mistakes import BACKGROUND
from detector.evaluation.report import Report
from detector.evaluation.resampling import Interval


def write_page(report: Report, model_id: str, folder: Path) -> Path:
    """Write ``index.html`` into a folder and return it. It holds parts of the pictures. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(page(report, model_id), "utf-8")
    return path


def page(report: Report, model_id: str) -> str:
    """The page's text."""
    style = files("detector.evaluation").joinpath("page.css").read_text("utf-8")
    o = report.overall
    head = (
        f"<h1>{both('评估', 'Evaluation')}</h1>"
        f"<p>{escape(model_id)} · {escape(report.looks.split)} · {o.pictures} {both('张图片', 'pictures')}, "
        f"{o.negatives} {both('张无目标', 'negatives')}, {o.groups} {both('组', 'groups')}</p>"
        f"<p class=note>{both('本页含所评图片，勿外传。', 'It holds the pictures: do not pass it on.')}</p>"
    )
    charts = f"<div class=charts>{precision_recall_chart(report)}{reliability_chart(report)}</div>"
    sections = "".join(section(report, kind) for kind in SECTIONS)
    return (
        '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>评估 Evaluation · {escape(model_id)}</title><style>{style}</style></head><body>"
        f"<header>{head}</header><main>{_figures(report)}{charts}{_confusion(report)}{_legend(report)}{sections}"
        f"<footer><p>{escape(report.method)}</p></footer></main></body></html>\n"
    )


def _figures(report: Report) -> str:
    o = report.overall
    columns: tuple[tuple[str, Mapping[str, Interval]], ...] = (
        ("AP50", o.ap50),
        ("AP50-95", o.ap),
        (both("查准率", "precision"), o.precision),
        (both("查全率", "recall"), o.recall),
        (both("查全率 0.5 时的查准率", "precision at recall 0.5"), o.precision_at_recall),
    )
    rows = []
    for name in ("mean", *report.classes.mean):
        boxes = o.boxes.get(name, sum(o.boxes[n] for n in report.classes.mean))
        threshold = f"{report.thresholds[name]:.2f}" if name in report.thresholds else ""
        cells = "".join(f"<td>{_interval(values[name])}</td>" for _, values in columns)
        rows.append(f"<tr><th>{class_name(name)}</th><td>{boxes}</td><td>{threshold}</td>{cells}</tr>")
    heads = "".join(f"<th>{head}</th>" for head, _ in columns)
    false = both("每百张无目标图片的误检框", "false boxes per 100 negatives")
    return (
        f"<div class=wide><table><thead><tr><th></th><th>{both('标注', 'labels')}</th><th>{both('阈值', 'threshold')}"
        f"</th>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f"<p>{false}: {_interval(o.false_per_100)}. {both('方括号内为 95% 区间。', 'In brackets: 95 % interval.')}</p>"
    )


def _confusion(report: Report) -> str:
    names = (*report.classes.wanted, BACKGROUND)
    head = "".join(f"<th>{class_name(n)}</th>" for n in names)
    rows = []
    for i, name in enumerate(names):
        cells = "".join(
            f"<td{' class=right' if i == j and name != BACKGROUND else ''}>"
            f"{'' if i == j and name == BACKGROUND else report.confusion[i, j]}</td>"
            for j in range(len(names))
        )
        rows.append(f"<tr><th>{class_name(name)}</th>{cells}</tr>")
    return (
        f"<h2>{both('混淆矩阵', 'Confusion')}</h2><div class=wide><table><thead><tr>"
        f"<th>{both('标注 ↓ 检出 →', 'labelled ↓ shown →')}</th>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _legend(report: Report) -> str:
    swatches = "".join(f'<span class="swatch {n}"></span>{class_name(n)} ' for n in report.classes.wanted)
    return (
        f"<p class=legend>{swatches}<span class=solid></span>{both('标注', 'label')} "
        f"<span class=dashed></span>{both('检出', 'shown')}</p>"
    )


def _interval(i: Interval) -> str:
    if not np.isfinite(i.value):
        return "–"
    digits = 2 if i.value <= 1 else 1
    known = np.isfinite(i.low)
    return f"{i.value:.{digits}f}" + (
        f" <small>[{i.low:.{digits}f}, {i.high:.{digits}f}]</small>" if known else ""
    )
