"""One row of an inventory as a camera, every value checked; or what is wrong with it and how to mend it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar, cast

from casework.streams.gcj02 import from_gcj02
from casework.streams.sheet import LOSSY, SheetRow, plain, values
from ingest.errors import BadStream
from ingest.streams.model import StreamAddress, StreamKind, Transport

T = TypeVar("T")
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
CAMERA_TYPES = {"131": "摄像机", "132": "网络摄像机"}
"""Digits 11 to 13 of a GB/T 28181 code that mean a camera."""

CHINA = (3.0, 54.0, 73.0, 136.0)  # latitudes, longitudes
MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a row. line: of the file. column: its heading, empty: the whole row. value: as given."""

    line: int
    column: str
    value: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Place:
    """WGS-84, with what was given. system: wgs84 or gcj02."""

    latitude: float
    longitude: float
    system: str
    given_latitude: float
    given_longitude: float


@dataclass(frozen=True, slots=True)
class Granted:
    """An approval as given. Both days included."""

    kind: str
    document: str
    person: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One camera. None: the sheet says nothing of it, and what is known stays."""

    line: int
    code: str
    gb_code: str | None
    name: str | None
    group: str | None
    squad: str | None
    street: str | None
    place: Place | None
    heading: float | None
    owner: str | None
    address: StreamAddress | None
    active: bool | None
    approvals: tuple[Granted, ...]


class _Wrong(Exception):
    def __init__(self, column: str, zh: str, en: str) -> None:
        super().__init__(en)
        self.column, self.zh, self.en = column, zh, en


@dataclass(slots=True)
class Reading:
    """Reads one row; faults are collected, so that all of a row are told at once. system: where no column says it."""

    row: SheetRow
    headings: dict[str, str]
    system: str | None = None
    faults: list[Fault] = field(default_factory=list)

    def entry(self) -> Entry | None:
        """The camera; none where anything is wrong."""
        gb_code = self._try(self._gb_code)
        entry = Entry(
            line=self.row.line,
            code=self._try(self._code) or gb_code or "",
            gb_code=gb_code,
            name=self._try(lambda: self._short("name")),
            group=self._try(lambda: self._short("group")),
            squad=self._try(lambda: self._short("squad")),
            street=self._try(lambda: self._short("street")),
            place=self._try(self._place),
            heading=self._try(self._heading),
            owner=self._try(lambda: self._short("owner")),
            address=self._try(self._address),
            active=self._try(self._active),
            approvals=tuple(a for a in map(self._approval, self._kinds()) if a is not None),
        )
        if not self.faults and not entry.code:
            self._fault(_Wrong("code", "缺少设备编码或国标编码", "neither a code nor a gb code is given"))
        return None if self.faults else entry

    def _try(self, read: Callable[[], T | None]) -> T | None:
        try:
            return read()
        except _Wrong as wrong:
            self._fault(wrong)
            return None

    def _fault(self, wrong: _Wrong) -> None:
        value = "" if wrong.column == "password" else self.row.cells.get(wrong.column, "").removeprefix(LOSSY)
        if wrong.column == "url":
            value = ""  # it may hold a password
        heading = self.headings.get(wrong.column, "")
        self.faults.append(Fault(self.row.line, heading, value[:80], wrong.zh, wrong.en))

    def _short(self, name: str) -> str | None:
        text = self.row.cells.get(name)
        if text is not None and (len(text) > MOST_TEXT or any(ord(c) < 32 for c in text)):
            raise _Wrong(
                name,
                f"超过 {MOST_TEXT} 字或含有换行等控制字符",
                f"over {MOST_TEXT} characters, or control characters",
            )
        return text

    def _whole(self, name: str) -> str | None:
        text = self.row.cells.get(name)
        if text is not None and text.startswith(LOSSY):
            raise _Wrong(
                name,
                "表格把编码存成了数字，末几位已丢失：请把该列设为“文本”格式后重新填写",
                "the sheet keeps this code as a number and has lost its last digits: format the column as text "
                "and enter it again",
            )
        return text

    def _code(self) -> str | None:
        code = self._whole("code")
        if code is not None and not CODE.fullmatch(code):
            raise _Wrong(
                "code",
                "编码只能用字母、数字和 _ . : -，最多 64 位",
                "a code is 1 to 64 letters, digits and _ . : -",
            )
        return code

    def _gb_code(self) -> str | None:
        text = self._whole("gb_code")
        if text is None:
            code = self.row.cells.get("code", "")
            text = code if re.fullmatch(r"\d{20}", code) else None
        if text is None:
            return None
        if not re.fullmatch(r"\d{20}", text):
            raise _Wrong(
                "gb_code",
                f"国标编码须为 20 位数字，现为 {len(text)} 位",
                f"a GB/T 28181 code has 20 digits, this one {len(text)}",
            )
        if text[10:13] not in CAMERA_TYPES:
            raise _Wrong(
                "gb_code" if "gb_code" in self.headings else "code",
                f"国标编码第 11–13 位是 {text[10:13]}，不是摄像机（131 或 132）："
                "请填摄像机自己的编码，不要填录像机或平台的",
                f"digits 11 to 13 of this GB/T 28181 code are {text[10:13]}, which is no camera (131, 132): "
                "give the camera's own code, not that of its recorder or platform",
            )
        return text

    def _number(self, name: str, low: float, high: float, zh: str) -> float | None:
        text = self.row.cells.get(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            raise _Wrong(
                name, f"{zh}须为十进制度数，如 31.2304", "give decimal degrees, as in 31.2304"
            ) from None
        if not low <= value <= high:
            raise _Wrong(name, f"{zh}须在 {low:g} 到 {high:g} 之间", f"lies outside {low:g} to {high:g}")
        return value

    def _heading(self) -> float | None:
        value = self._number("heading", 0.0, 360.0, "朝向")
        return None if value is None else value % 360.0

    def _place(self) -> Place | None:
        cells = self.row.cells
        if "latitude" not in cells and "longitude" not in cells:
            return None
        latitude = self._number("latitude", -90.0, 180.0, "纬度")
        longitude = self._number("longitude", -180.0, 180.0, "经度")
        if latitude is None or longitude is None:
            missing = "latitude" if latitude is None else "longitude"
            raise _Wrong(missing, "经度和纬度须一起填写", "give latitude and longitude together")
        south, north, west, east = CHINA
        if not (south <= latitude <= north and west <= longitude <= east):
            if south <= longitude <= north and west <= latitude <= east:
                raise _Wrong("latitude", "经度与纬度填反了", "latitude and longitude are swapped")
            raise _Wrong("latitude", "位置不在中国境内，请核对经纬度", "this place is not in China; check it")
        system = (
            self._one_of(
                "place_system", "坐标系只能填 WGS-84 或 GCJ-02（高德、腾讯地图）；百度坐标（BD-09）请先转换"
            )
            or self.system
        )
        if system is None:
            raise _Wrong(
                "place_system",
                "没有说明坐标系：请加“坐标系”一列，填 WGS-84 或 GCJ-02，两者相差三五百米",
                "the coordinate system is not stated: add a column, WGS-84 or GCJ-02; they lie 300 to 500 m apart",
            )
        at = (latitude, longitude) if system == "wgs84" else from_gcj02(latitude, longitude)
        return Place(round(at[0], 7), round(at[1], 7), system, latitude, longitude)

    def _one_of(self, name: str, zh: str) -> str | None:
        text = self.row.cells.get(name)
        if text is None:
            return None
        found = values(name).get(plain(text))
        if found is None:
            raise _Wrong(name, zh, f"give one of {', '.join(dict.fromkeys(values(name).values()))}")
        return found

    def _active(self) -> bool | None:
        found = self._one_of("active", "请填“是”或“否”")
        return None if found is None else found == "yes"

    def _address(self) -> StreamAddress | None:
        cells = self.row.cells
        kind = self._one_of("kind", "取流方式只能是 RTSP、RTMP、HLS、FLV、抓图、目录")
        transport = self._one_of("transport", "传输方式只能是 TCP 或 UDP") or "tcp"
        if "url" not in cells:
            return None
        try:
            return StreamAddress.parse(
                cells["url"],
                StreamKind(kind) if kind else None,
                cast(Transport, transport),
                cells.get("user"),
                cells.get("password"),
            )
        except BadStream as error:
            zh = (
                "取流地址无法使用：须写成 rtsp://主机:端口/路径（或 rtmp、http、https 开头，或目录），"
                "不含空格，有密码须有用户名"
            )
            raise _Wrong("url", zh, str(error)) from error

    def _kinds(self) -> list[str]:
        return [name for name in self.row.cells if name.startswith("approval:")]

    def _approval(self, name: str) -> Granted | None:
        parts = [part.strip() for part in re.split(r"[;；|｜]", self.row.cells[name])]
        try:
            document, person, first, last = parts
            granted = Granted(name.removeprefix("approval:"), document, person, _day(first), _day(last))
        except ValueError:
            granted = None
        if (
            granted is None
            or not granted.document
            or not granted.person
            or granted.valid_to < granted.valid_from
        ):
            self._fault(
                _Wrong(
                    name,
                    "须写成：文号；责任人；起始日；终止日，如 沪城管〔2026〕3号；李某；2026-01-01；2026-12-31",
                    "write it as document; person; first day; last day, as in D-3; Li; 2026-01-01; 2026-12-31",
                )
            )
            return None
        return granted


def _day(text: str) -> date:
    """2026-01-31, 2026/1/31, 2026年1月31日. Raises ValueError."""
    found = re.fullmatch(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?", text)
    if found is None:
        raise ValueError(text)
    return date(*(int(part) for part in found.groups()))
