"""Bringing in an inventory of cameras: what is read, what is refused with its line, what a second time changes."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update

from casework.db import Database
from casework.devices.tables import Approval, Device
from casework.errors import Invalid
from casework.plans.schedule import refresh
from casework.plans.tables import LookDue
from casework.streams.gcj02 import from_gcj02, to_gcj02
from casework.streams.importing import Report, apply, preview
from casework.streams.sealing import INFO, Sealer
from casework.streams.tables import Stream
from tests import builders as b
from tests.cameras import a_camera, a_plan

GB = "31010500001310000001"  # digits 11 to 13: 131, a camera
HEAD = "设备编码,国标编码,名称,分组,中队,纬度,经度,坐标系,产权单位,取流地址,用户名,密码"
LINE = f"C-1,{GB},愚园路 1 号,路口,SQ-A,31.2,121.4,WGS-84,公安分局,rtsp://10.0.0.1/live,admin,s3cret"


@pytest.fixture
def house(sqlite: Database, folder: Path) -> Iterator[Database]:
    """The fresh database with a key file and squad SQ-A."""
    database = Database(sqlite.url, {INFO: Sealer(folder / "stream.key")})
    with database.write() as session:
        b.a_street(session, b.a_squad(session))
    yield database
    database.close()


def _csv(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def _xlsx(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _apply(house: Database, data: bytes, **given: Any) -> Report:
    with house.write() as session:
        return apply(session, "admin", data, **given)


def _counts(report: Report) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.same, report.faulty


def test_a_camera_comes_with_place_owner_and_stream(house: Database) -> None:
    with house.read() as session:
        assert _counts(preview(session, _csv(LINE))) == (1, 0, 0, 0)
        assert session.scalar(select(func.count()).select_from(Device)) == 0
    assert _apply(house, _csv(LINE)).applied
    with house.read() as session:
        device, stream = session.execute(select(Device, Stream).join(Stream)).one()
        assert (device.code, device.kind, device.name, device.camera_group) == (
            "C-1",
            "fixed",
            "愚园路 1 号",
            "路口",
        )
        assert (device.latitude, device.longitude) == (31.2, 121.4)
        assert device.squad_id is not None
        assert device.street_id is not None  # the street runs through that place
        assert (stream.gb_code, stream.owner, stream.kind) == (GB, "公安分局", "rtsp")
        assert (stream.url, stream.user) == ("rtsp://10.0.0.1/live", "admin")
        assert "s3cret" not in str(stream.password_sealed)


def test_the_second_time_changes_only_what_differs(house: Database) -> None:
    _apply(house, _csv(LINE))
    with house.read() as session:
        sealed = session.scalars(select(Stream.password_sealed)).one()
    assert _counts(_apply(house, _csv(LINE))) == (0, 0, 1, 0)
    assert _counts(_apply(house, _csv(LINE.replace("公安分局", "街道办").replace("s3cret", "")))) == (
        0,
        1,
        0,
        0,
    )
    with house.read() as session:
        stream = session.scalars(select(Stream)).one()
        assert (stream.owner, stream.password_sealed) == (
            "街道办",
            sealed,
        )  # an empty cell takes nothing away
    _apply(house, _csv("C-1,否", head="code,active"))
    with house.read() as session:
        stream = session.scalars(select(Stream)).one()
        assert (stream.active, stream.url) == (False, "rtsp://10.0.0.1/live")


def test_an_ended_camera_is_not_looked_at_again(house: Database) -> None:
    with house.write() as session:
        a_camera(session, "C-1")
        a_plan(session)
        assert refresh(session, b.START) == 1
    _apply(house, _csv("C-1,否", head="设备编码,启用"))
    with house.write() as session:
        assert session.scalar(select(func.count()).select_from(LookDue)) == 0
        assert refresh(session, b.START) == 0


def test_gcj_02_is_converted_and_kept_as_given(house: Database) -> None:
    """The pair is that of the public test data of eviltransform (googollee/eviltransform, Shanghai)."""
    wgs, gcj = (31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)
    assert to_gcj02(*wgs) == pytest.approx(gcj, abs=1e-9)
    assert from_gcj02(*gcj) == pytest.approx(wgs, abs=1e-9)
    _apply(house, _csv(LINE.replace("31.2,121.4,WGS-84", f"{gcj[0]},{gcj[1]},高德")))
    with house.read() as session:
        device, stream = session.execute(select(Device, Stream).join(Stream)).one()
        assert (device.latitude, device.longitude) == pytest.approx(wgs, abs=1e-6)
        assert (stream.place_system, stream.given_latitude) == ("gcj02", gcj[0])


@pytest.mark.parametrize(
    ("old", "new", "column", "says"),
    [
        (GB, GB[:-1], "国标编码", "现为 19 位"),
        (GB, "31010500001180000001", "国标编码", "第 11–13 位是 118"),
        ("WGS-84", "BD-09", "坐标系", "请先转换"),
        ("WGS-84", "", "坐标系", "没有说明坐标系"),
        ("31.2,121.4", "121.4,31.2", "纬度", "填反了"),
        ("31.2,121.4", "31.2,", "经度", "一起填写"),
        ("31.2,121.4", "北纬31,121.4", "纬度", "十进制度数"),
        ("rtsp://10.0.0.1/live", "ftp://10.0.0.1/x", "取流地址", "无法使用"),
        ("rtsp://10.0.0.1/live", "", "", "须填写取流地址"),
        ("SQ-A", "SQ-X", "", "没有这个中队"),
        ("C-1", "C 1", "设备编码", "编码只能用"),
        (GB, "3.10105000013100E+19", "国标编码", "文本"),
    ],
)
def test_a_faulty_row_is_told_with_its_line(
    house: Database, old: str, new: str, column: str, says: str
) -> None:
    good = LINE.replace("C-1", "C-2").replace(GB, GB[:-1] + "2")
    data = _csv(good, LINE.replace(old, new))
    with house.read() as session:
        report = preview(session, data)
    assert _counts(report) == (1, 0, 0, 1)
    (fault,) = report.faults
    assert (fault.line, fault.column) == (3, column)
    assert says in fault.zh
    with pytest.raises(Invalid, match="1 rows are faulty"):
        _apply(house, data)
    assert _counts(_apply(house, data, skip_faulty=True)) == (1, 0, 0, 1)
    with house.read() as session:
        assert session.scalars(select(Device.code)).all() == ["C-2"]


def test_no_fault_tells_a_password(house: Database) -> None:
    with house.read() as session:
        report = preview(session, _csv("C-1," + LINE.split(",", 1)[1].replace("rtsp://", "ftp://u:s3cret@")))
        assert report.faults
        assert "s3cret" not in repr(report)


def test_two_rows_of_one_camera_and_one_code_of_two(house: Database) -> None:
    data = _csv(LINE, LINE, LINE.replace("C-1", "C-2"))
    with house.read() as session:
        report = preview(session, data)
    assert [(f.line, "第 2 行" in f.zh or "已属于 C-1" in f.zh) for f in report.faults] == [
        (3, True),
        (4, True),
    ]


def test_a_vehicle_is_not_made_a_camera(house: Database) -> None:
    with house.write() as session:
        b.a_device(session, "C-1", kind="vehicle")
        assert "车载" in preview(session, _csv(LINE)).faults[0].zh


def test_a_workbook_with_a_title_and_codes_as_text_or_number(house: Database) -> None:
    rows: list[list[Any]] = [
        ["2026 年街面摄像机台账"],
        [],
        ["国标编码", "点位名称", "流地址", "法制审核", "备注"],
    ]
    rows.append([GB, "甲", "http://10.0.0.1/a.jpg", "沪〔2026〕3号；李某；2026-01-01；2026/12/31", "x"])
    rows.append([int(GB) + 1, "乙", "http://10.0.0.1/b.jpg", None, None])
    with house.read() as session:
        report = preview(session, _xlsx(rows))
    assert (report.new, report.faulty, report.unknown) == (1, 1, ["备注"])
    assert (report.faults[0].line, "末几位已丢失" in report.faults[0].zh) == (5, True)
    _apply(house, _xlsx(rows[:4]))
    with house.read() as session:
        granted = session.scalars(select(Approval)).one()
        assert (granted.kind, granted.document, granted.valid_to.isoformat()) == (
            "legal_review",
            "沪〔2026〕3号",
            "2026-12-31",
        )
        assert session.scalars(select(Device.code)).one() == GB
    assert _counts(_apply(house, _xlsx(rows[:4]))) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no headings"),
        (b"PK\x03\x04 not a zip", "cannot be read"),
        (b"\xff\xfe\x00\x00\x01", "neither CSV"),
        (b"a,b\n1,2\n", "no headings"),
        ("code,编号,url\n".encode(), "mean the same"),
    ],
)
def test_what_is_no_inventory_is_refused(house: Database, data: bytes, says: str) -> None:
    with house.read() as session, pytest.raises(Invalid, match=says):
        preview(session, data)


def test_gb_18030_and_semicolons(house: Database) -> None:
    data = "\n".join([HEAD, LINE]).replace(",", ";").encode("gb18030")
    with house.read() as session:
        assert preview(session, data).new == 1


def test_a_lost_key_file_is_mended_by_the_next_import(house: Database, folder: Path) -> None:
    _apply(house, _csv(LINE))
    (folder / "stream.key").unlink()
    other = Database(house.url, {INFO: Sealer(folder / "stream.key")})
    report = _apply(other, _csv(LINE))
    assert _counts(report) == (0, 1, 0, 0)
    with other.write() as session:
        stream = session.scalars(select(Stream)).one()
        assert Sealer(folder / "stream.key").open(str(stream.password_sealed), "C-1") == "s3cret"
        with pytest.raises(Invalid, match="another key"):
            Sealer(folder / "stream.key").open(str(stream.password_sealed), "C-2")
        session.execute(update(Stream).values(active=True))
    other.close()


def test_both_databases_take_an_inventory_twice(database: Database) -> None:
    with database.write() as session:
        b.a_squad(session)
        line = LINE.rsplit(",", 2)[0] + ",,"
        assert _counts(apply(session, "admin", _csv(line))) == (1, 0, 0, 0)
        assert _counts(apply(session, "admin", _csv(line, line.replace("C-1", "C-2").replace(GB, "")))) == (
            1,
            0,
            1,
            0,
        )
        assert _counts(apply(session, "admin", _csv(line.replace("31.2,", "31.21,")))) == (0, 1, 0, 0)
        assert session.scalar(select(Device.latitude).where(Device.code == "C-1")) == 31.21


def test_13_000_rows_in_seconds(house: Database) -> None:
    lines = [
        f"C-{n:05},,点位 {n},G{n % 40},,{31.19 + n % 100 / 5000:.6f},{121.39 + n // 100 / 7000:.6f},GCJ-02,"
        f"公安分局,rtsp://10.{n // 250 % 250}.{n % 250}.9/live,admin,pw{n}"
        for n in range(13_000)
    ]
    began = time.perf_counter()
    assert _apply(house, _csv(*lines)).new == 13_000
    assert time.perf_counter() - began < 20
