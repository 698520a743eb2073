"""Kinds of errors by hand; the page and the charts stand alone."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from detector.evaluation.charts import write_charts
from detector.evaluation.looks import look
from detector.evaluation.mistakes import Kind, findings
from detector.evaluation.page import write_page
from detector.evaluation.report import Report, measure

from .streets import HALF, a_folder, seeing


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """a: a stall found twice, and a pile missed, with a loose box. b: a pile called a stall, another pile missed.
    c: nothing, and a false stall.
    """
    folder = a_folder(
        tmp_path / "set",
        a="0 0.2 0.2 0.4 0.4\n1 0.8 0.8 0.4 0.4\n",
        b="1 0.25 0.25 0.5 0.5\n1 0.8 0.8 0.2 0.2\n",
        c="",
    )
    detector = seeing(
        [
            ("stall", (0, 0, 40, 40), 0.9),
            ("stall", (0, 0, 40, 30), 0.8),
            ("pile", (60, 60, 100, 76), 0.7),  # 0.4 of the label
        ],
        [("stall", (0, 0, 50, 45), 0.6), ("pile", (0, 0, 50, 50), 0.2)],
        [("stall", (0, 0, 50, 45), 0.95)],
    )
    return measure(look(detector, folder), HALF, resampled=20)


def test_kinds_by_hand(report: Report) -> None:
    kinds = [(f.scene.file, f.kind, f.shown, f.labelled) for f in report.found]
    assert kinds == [
        ("a.png", Kind.RIGHT, "stall", "stall"),
        ("a.png", Kind.DOUBLED, "stall", "stall"),
        ("a.png", Kind.LOOSE, "pile", "pile"),
        ("a.png", Kind.MISSED, "background", "pile"),
        ("b.png", Kind.CONFUSED, "stall", "pile"),
        ("b.png", Kind.MISSED, "background", "pile"),
        ("c.png", Kind.FALSE, "stall", "background"),
    ]
    loose = report.found[2]
    assert loose.overlap == pytest.approx(0.4)
    assert loose.share == pytest.approx(0.064)
    # rows stall, pile, background; a loose or doubled box is a box on the background
    assert report.confusion.tolist() == [[1, 0, 0], [1, 0, 2], [2, 1, 0]]


def test_a_weaker_box_of_the_right_class_finds_what_a_stronger_one_missed(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, a="0 0.2 0.2 0.4 0.4\n")
    looks = look(seeing([("stall", (0, 0, 40, 14), 0.9), ("stall", (0, 0, 40, 40), 0.6)]), folder)
    kinds = [f.kind for f in findings(looks.scenes[0], ("stall",), HALF)]
    assert kinds == [Kind.LOOSE, Kind.RIGHT]


def test_the_page_stands_alone(report: Report, tmp_path: Path) -> None:
    text = write_page(report, "tiny <1>", tmp_path / "page").read_text("utf-8")
    assert [p.name for p in (tmp_path / "page").iterdir()] == ["index.html"]
    assert "tiny &lt;1&gt;" in text
    assert "<script" not in text
    addresses = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert addresses
    assert all(a.startswith("data:image/jpeg;base64,") for a in addresses)
    assert (
        text.count("<figure>") == 5
    )  # one of each kind; the missed pile with a loose box stands there alone
    assert text.count(' this"') == 5  # the error itself is drawn thicker
    for zh, en in (
        ("误检", "False boxes"),
        ("漏检", "Missed"),
        ("框不准", "Badly placed"),
        ("认错类别", "Confused"),
    ):
        assert zh in text
        assert en in text
    assert "a.png" in text
    assert str(tmp_path) not in text


def test_charts_are_whole_drawings(report: Report, tmp_path: Path) -> None:
    paths = write_charts(report, tmp_path / "charts")
    assert [p.name for p in paths] == ["precision-recall.svg", "reliability.svg"]
    for path in paths:
        root = ElementTree.fromstring(path.read_text("utf-8"))
        assert root.tag.endswith("svg")
        assert {"stall", "pile"} <= {e.text for e in root.iter() if e.text}
