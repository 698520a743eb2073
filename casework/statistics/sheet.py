"""The month as a spreadsheet: figures, totals as live formulas, definitions."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter

from casework.db import utcnow
from casework.statistics.figures import SHANGHAI, Month, figures
from casework.statistics.queries import Row
from casework.words import word, words


def sheet(month: Month, rows: Sequence[Row], zh: bool = True) -> bytes:
    """An XLSX workbook. rows: as from ``queries.rows``."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    title = book.add_format({"bold": True, "font_size": 16, "align": "center", "font_name": "SimSun"})
    head = book.add_format(
        {"bold": True, "border": 1, "align": "center", "text_wrap": True, "bg_color": "#EDEFF2"}
    )
    text, number = book.add_format({"border": 1}), book.add_format({"border": 1, "num_format": "#,##0"})
    bold = book.add_format({"border": 1, "bold": True, "num_format": "#,##0"})
    page = book.add_worksheet(month.name)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    names = [f.zh if zh else f.en for f in figures()]
    page.merge_range(
        0,
        0,
        0,
        len(names) + 1,
        f"非现场案件月报 {month.name}" if zh else f"Non-site cases {month.name}",
        title,
    )
    made = utcnow().astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    page.write(1, 0, f"生成时间 {made}（Asia/Shanghai）" if zh else f"Made {made} (Asia/Shanghai)")
    page.write_row(2, 0, ["中队" if zh else "Squad", "类型" if zh else "Type", *names], head)
    page.freeze_panes(3, 2)
    page.set_column(0, 1, 16)
    page.set_column(2, len(names) + 1, 11)
    _write_rows(page, rows, zh, text, number, bold)
    _reasons(book, rows, zh, head, text, number)
    _definitions(book, zh, head)
    book.close()
    return buffer.getvalue()


def _write_rows(
    page: xlsxwriter.worksheet.Worksheet,
    rows: Sequence[Row],
    zh: bool,
    text: object,
    number: object,
    bold: object,
) -> None:
    """Squads with their types below; the last block sums the types over squads. A squad's own line is a formula
    over its types, so that the sheet stays right when somebody corrects a cell."""
    types = len(words("types"))
    for i, row in enumerate(rows):
        line = 3 + i
        style = bold if row.type is None else number
        squad = (
            (row.squad.name if zh else row.squad.name_en) if row.squad else ("全区" if zh else "All squads")
        )
        kind = ("合计" if zh else "Total") if row.type is None else _type(row.type, zh)
        page.write(line, 0, squad, text)
        page.write(line, 1, kind, text)
        for j, item in enumerate(figures()):
            value = row.figures[item.code]
            if value is None:
                page.write(line, 2 + j, "—", text)
            elif row.type is None and item.source != "looks":
                column = xlsxwriter.utility.xl_col_to_name(2 + j)
                page.write_formula(
                    line, 2 + j, f"=SUM({column}{line + 2}:{column}{line + 1 + types})", style, value
                )
            else:
                page.write_number(line, 2 + j, value, style)


def _reasons(
    book: xlsxwriter.Workbook, rows: Sequence[Row], zh: bool, head: object, text: object, number: object
) -> None:
    page = book.add_worksheet("剔除原因" if zh else "Rejected by reason")
    reasons = words("reasons")
    page.write_row(
        0,
        0,
        ["中队" if zh else "Squad", "类型" if zh else "Type", *[r.zh if zh else r.en for r in reasons]],
        head,
    )
    page.set_column(0, len(reasons) + 1, 14)
    for i, row in enumerate(rows):
        squad = (
            (row.squad.name if zh else row.squad.name_en) if row.squad else ("全区" if zh else "All squads")
        )
        page.write(1 + i, 0, squad, text)
        page.write(1 + i, 1, ("合计" if zh else "Total") if row.type is None else _type(row.type, zh), text)
        for j, reason in enumerate(reasons):
            page.write_number(1 + i, 2 + j, row.rejected_by_reason.get(reason.code, 0), number)


def _definitions(book: xlsxwriter.Workbook, zh: bool, head: object) -> None:
    page = book.add_worksheet("指标口径" if zh else "Definitions")
    page.write_row(
        0, 0, ["指标", "统计时间", "单位", "口径"] if zh else ["Figure", "Date", "Unit", "Formula"], head
    )
    page.set_column(0, 2, 14)
    page.set_column(3, 3, 100)
    for i, item in enumerate(figures()):
        date = ("按发现时间" if item.date == "event" else "按办理时间") if zh else item.date
        page.write_row(
            1 + i,
            0,
            [item.zh if zh else item.en, date, item.unit, item.formula_zh if zh else item.formula_en],
        )


def _type(code: str, zh: bool) -> str:
    found = word("types", code)
    return found.zh if zh else found.en
