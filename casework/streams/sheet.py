"""Reading an inventory: CSV or XLSX, Chinese or English headings, into rows of plain text with their line."""

from __future__ import annotations

import csv
import io
import re
import tomllib
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from casework.errors import Invalid
from casework.words import words

MOST_BYTES = 30 * 2**20
MOST_UNPACKED = 600 * 2**20
MOST_ROWS = 100_000
TITLE_ROWS = 10
"""The headings stand within so many rows: inventories often have a title above."""

LOSSY = "#"
"""A cell that begins with it was a number too long to be kept whole (spreadsheets keep 15 digits)."""

_LONG = re.compile(r"^\d(\.\d+)?[eE]\+?\d+$")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One camera as it stands in the sheet. line: of the file, from 1. cells: field -> text, empty ones left out."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """headings: field -> heading as it was found. unknown: headings that say nothing to us."""

    rows: list[SheetRow]
    headings: dict[str, str]
    unknown: list[str]


def read_sheet(data: bytes) -> Sheet:
    """The first sheet of an XLSX, or a CSV (UTF-8 or GB 18030; comma, semicolon or tab). Raises Invalid."""
    if len(data) > MOST_BYTES:
        raise _bad(
            f"文件超过 {MOST_BYTES >> 20} MB", f"the file is larger than {MOST_BYTES >> 20} MB; split it"
        )
    lines = _xlsx(data) if data[:4] == b"PK\x03\x04" else _csv(data)
    found: tuple[dict[int, str], dict[str, str], list[str]] | None = None
    rows: list[SheetRow] = []
    for number, line in lines:
        if found is None:
            found = _headed(line)
            if found is None and number >= TITLE_ROWS:
                break
            continue
        cells = {field: text for n, field in found[0].items() if n < len(line) and (text := line[n].strip())}
        if cells:
            rows.append(SheetRow(number, cells))
        if len(rows) > MOST_ROWS:
            raise _bad(f"超过 {MOST_ROWS} 行，请分开导入", f"more than {MOST_ROWS} rows; split the file")
    if found is None:
        raise _bad(
            "找不到表头：至少要有“设备编码”或“国标编码”一列",
            "no headings found: a column 'code' or 'gb code' is needed at least",
        )
    return Sheet(rows, found[1], found[2])


def _headed(line: Sequence[str]) -> tuple[dict[int, str], dict[str, str], list[str]] | None:
    """Column number -> field, field -> heading, unknown headings; none where this is no row of headings.

    Raises Invalid where two columns mean the same.
    """
    columns: dict[int, str] = {}
    headings: dict[str, str] = {}
    unknown = []
    for n, text in enumerate(line):
        field = _known().get(plain(text))
        if field is None:
            unknown += [text.strip()] if text.strip() else []
        elif field in headings:
            raise _bad(
                f"“{headings[field]}”与“{text.strip()}”两列含义相同，请删去一列",
                f"columns {headings[field]!r} and {text.strip()!r} mean the same; remove one",
            )
        else:
            columns[n], headings[field] = field, text.strip()
    return (columns, headings, unknown) if {"code", "gb_code"} & set(headings) else None


@cache
def _known() -> dict[str, str]:
    """Heading as ``plain`` writes it -> field. Approvals: ``approval:KIND``."""
    known = {plain(h): field for field, headings in _data()["columns"].items() for h in headings}
    for word in words("approvals"):
        known |= {plain(name): f"approval:{word.code}" for name in (word.code, word.zh, word.en)}
    return known


@cache
def values(field: str) -> dict[str, str]:
    """What may stand in a column, as ``plain`` writes it -> what it means."""
    return {plain(said): value for value, listed in _data()["values"][field].items() for said in listed}


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("casework.streams").joinpath("headings.toml").read_text("utf-8"))


def plain(text: str) -> str:
    """For comparing: one width, no case, no brackets, none of the characters that people put between words."""
    text = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[\s_\-/*:：]", "", re.sub(r"\(.*?\)|\[.*?\]", "", text))


def _csv(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise _bad("不是 CSV 或 XLSX 文件", "neither CSV text (UTF-8, GB 18030) nor XLSX") from None
    if "\x00" in text:
        raise _bad("不是 CSV 或 XLSX 文件", "neither CSV text nor XLSX")
    head = text[:20_000]
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=head.count))
    try:
        for line in reader:
            yield reader.line_num, [f"{LOSSY}{cell}" if _LONG.match(cell.strip()) else cell for cell in line]
    except csv.Error as error:
        raise _bad(f"CSV 第 {reader.line_num} 行无法读取", f"CSV line {reader.line_num}: {error}") from error


def _xlsx(data: bytes) -> Iterator[tuple[int, list[str]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise _bad("表格展开后过大", "the workbook unpacks to far too much; split it")
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        try:
            yield from _cells(book.worksheets[0].iter_rows(values_only=True))
        finally:
            book.close()
    except (zipfile.BadZipFile, InvalidFileException, KeyError, IndexError, ValueError, OSError) as error:
        raise _bad("XLSX 文件损坏或不是表格", f"the XLSX cannot be read: {error}") from error


def _cells(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, 1):
        yield number, [_text(cell) for cell in row]


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, (int, float)):
        if abs(cell) >= 1e15:
            return f"{LOSSY}{cell}"
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _bad(zh: str, en: str) -> Invalid:
    return Invalid("bad_inventory", zh=f"{zh}。", en=en)
