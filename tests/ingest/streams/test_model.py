"""Addresses, words, clocks, waits, groups: the parts without a socket."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from ingest.errors import BadStream
from ingest.frame import TimeSource
from ingest.streams import group as groups
from ingest.streams.clock import ArrivalClock, choose, within_second
from ingest.streams.connection import Held
from ingest.streams.group import Decoder, Group
from ingest.streams.model import FaultCode, StreamAddress, StreamFault, StreamKind
from ingest.streams.standing import Backoff, Standing
from ingest.streams.words import fault_words
from tests.ingest.streams.cameras import a_jpeg, encoded

NOON = datetime(2026, 10, 31, 4, 0, tzinfo=UTC)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("rtsp://10.0.0.5/Streaming/Channels/101", StreamKind.RTSP),
        ("rtmp://10.0.0.5/live/a", StreamKind.RTMP),
        ("http://10.0.0.5/live/a.m3u8?auth=1", StreamKind.HLS),
        ("https://10.0.0.5/live/a.flv", StreamKind.FLV),
        ("http://10.0.0.5/ISAPI/Streaming/channels/1/picture", StreamKind.SNAPSHOT),
        ("/srv/snapshots", StreamKind.FOLDER),
        ("file:///srv/snapshots?then=delete", StreamKind.FOLDER),
    ],
)
def test_the_kind_is_guessed(text: str, kind: StreamKind) -> None:
    assert StreamAddress.parse(text).kind is kind


def test_user_and_password_are_taken_out_and_never_shown() -> None:
    address = StreamAddress.parse("rtsp://admin:p%40ss@[2001:db8::5]:8554/ch1?token=secret")
    assert (address.user, address.password) == ("admin", "p@ss")
    assert address.url == "rtsp://[2001:db8::5]:8554/ch1?token=secret"
    assert str(address) == "rtsp://[2001:db8::5]:8554/ch1"
    assert "p@ss" not in repr(address)
    assert "secret" not in repr(address)


def test_a_password_in_the_path_is_not_shown() -> None:
    address = StreamAddress.parse("rtsp://10.0.0.5:554/user=admin&password=geheim&channel=1&stream=0.sdp")
    assert "geheim" not in str(address)
    assert "channel=1" in str(address)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://a/b",
        "rtsp://",
        "rtsp:///a",
        "rtsp://a:99999/b",
        "http://a b/c.jpg",
        "http://a/\r\nHost: b",
        "x" * 3000,
    ],
)
def test_addresses_that_cannot_be(text: str) -> None:
    with pytest.raises(BadStream):
        StreamAddress.parse(text)


@pytest.mark.parametrize(
    "given",
    [
        {"kind": StreamKind.RTSP, "url": "http://a/b"},
        {"kind": StreamKind.RTSP, "url": "rtsp://u:p@a/b"},
        {"kind": StreamKind.RTSP, "url": "rtsp://a/b", "transport": "sctp"},
        {"kind": StreamKind.RTSP, "url": "rtsp://a/b", "password": "p"},
        {"kind": StreamKind.RTSP, "url": "rtsp://a/b", "user": "u:p"},
        {"kind": StreamKind.RTSP, "url": "rtsp://a/b", "user": "u\n"},
    ],
)
def test_parts_that_do_not_fit(given: dict[str, object]) -> None:
    with pytest.raises(BadStream):
        StreamAddress(**given)  # type: ignore[arg-type]


def test_every_fault_has_its_words() -> None:
    for code in FaultCode:
        words = fault_words(code)
        assert all((words.zh, words.en, words.mend_zh, words.mend_en))


def test_the_table_of_faults_is_whole() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "STREAMS.md").read_text("utf-8")
    for code in FaultCode:
        assert f"| `{code}` | {fault_words(code).zh} |" in text


def test_waits_grow_to_the_cap_and_begin_again() -> None:
    longest = []
    for _ in range(400):
        backoff = Backoff(Random(len(longest)))
        longest.append([backoff.failed(FaultCode.REFUSED) for _ in range(7)])
    # Full jitter: uniform in 0..1, 0..2, 0..4, 0..8, 0..15, 0..15 seconds.
    for wait, top in zip(zip(*longest, strict=True), (1, 2, 4, 8, 15, 15, 15), strict=True):
        assert max(wait) <= top
        assert max(wait) > 0.9 * top
        assert min(wait) < 0.1 * top
    backoff = Backoff(Random(1))
    for _ in range(6):
        backoff.failed(FaultCode.REFUSED)
    backoff.held()
    assert backoff.failed(FaultCode.REFUSED) <= 1


def test_a_wrong_password_is_not_tried_often() -> None:
    waits = [Backoff(Random(i)).failed(FaultCode.SIGN_IN) for i in range(200)]
    assert 20 < max(waits) <= 30


def test_since_is_kept_while_the_fault_is_the_same() -> None:
    standing = Standing()
    standing.fails(StreamFault(FaultCode.SILENT, "a"), 1)
    first = standing.state
    standing.fails(StreamFault(FaultCode.SILENT, "b"), 2)
    assert standing.state.since == first.since
    assert standing.state.message == "b"
    standing.fails(StreamFault(FaultCode.REFUSED, "c"), 2)
    assert standing.state.since > first.since
    standing.works()
    assert standing.state.fault is None
    assert standing.state.next_try_at is None


def test_a_stamp_counts_when_it_can_be() -> None:
    assert choose(NOON - s(2), NOON) == (NOON - s(2), TimeSource.DEVICE)
    assert choose(NOON + s(4), NOON) == (NOON + s(4), TimeSource.DEVICE)
    for off in (-8 * 3600, -61, 6, 8 * 3600):
        assert choose(NOON + s(off), NOON) == (NOON, TimeSource.SERVER)
    assert choose(None, NOON) == (NOON, TimeSource.SERVER)
    assert choose(NOON - s(2), NOON, NOON - s(1)) == (NOON, TimeSource.SERVER)  # the clock was set back


def test_a_stamp_of_whole_seconds() -> None:
    assert within_second(NOON, NOON + s(0.4)) == NOON + s(0.4)
    assert within_second(NOON, NOON + s(3)) == NOON + s(0.999)
    assert within_second(NOON, NOON - s(3)) == NOON


def test_jitter_of_the_network_is_smoothed() -> None:
    clock = ArrivalClock()
    taken = [
        clock.at(i * 0.2, NOON + s(i * 0.2 + late)) for i, late in enumerate((0.1, 0.0, 0.15, 0.05, 0.3))
    ]
    # From the second on the least delay is known; it creeps by 1 ms a second at most.
    for i, t in enumerate(taken[1:], 1):
        assert abs((t - (NOON + s(i * 0.2))).total_seconds()) < 0.002
    assert clock.jumps == 0


def test_stamps_that_jump_begin_a_new_mapping() -> None:
    clock = ArrivalClock()
    for i, stamp in enumerate((0.0, 0.2, 90000.0, 90000.2, -5.0, 3.0)):
        arrived = NOON + s(i * 0.2)
        taken = clock.at(stamp, arrived)
        assert taken <= arrived
        assert arrived - taken < s(5.1)
    assert clock.jumps >= 2
    assert clock.at(None, NOON + s(9)) == NOON + s(9)


def a_group(pictures: list[bytes], codec: str = "h264") -> Group:
    group = Group(codec, None)
    for i, data in enumerate(pictures):
        assert group.add(Held(data, i, i == 0, NOON + s(i), NOON + s(i), None))
    return group


def test_only_what_is_new_is_decoded() -> None:
    pictures = encoded(5)
    group, decoder = a_group(pictures[:3]), Decoder()
    found = decoder.newest(group, False)
    assert found is not None
    assert found[1].pts == 2
    group.packets[1] = Held(b"", 1, False, NOON, NOON, None)  # was fed, is not fed again
    group.add(Held(pictures[3], 3, False, NOON, NOON, None))
    found = decoder.newest(group, False)
    assert found is not None
    assert found[1].pts == 3
    assert not decoder.damaged
    found = decoder.newest(a_group(pictures), True)
    assert found is not None
    assert found[1].pts == 0


def test_after_a_damaged_picture_none_of_its_group_is_handed_out() -> None:
    pictures = encoded(5, size=(640, 360))
    damaged = pictures[2][: len(pictures[2]) // 2] + bytes(40)
    decoder = Decoder()
    found = decoder.newest(a_group([*pictures[:2], damaged, *pictures[3:]]), False)
    assert found is not None
    assert found[1].pts == 1
    assert decoder.damaged
    again = decoder.newest(a_group(pictures), False)  # the next group is whole
    assert again is not None
    assert again[1].pts == 4


def test_a_group_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MAX_PACKETS", 3)
    group = a_group([a_jpeg()] * 3, "mjpeg")
    assert not group.add(Held(a_jpeg(), 9, False, NOON, NOON, None))
    monkeypatch.setattr(groups, "MAX_BYTES", 10)
    assert not Group("mjpeg", None).add(Held(a_jpeg(), 9, False, NOON, NOON, None))
