"""Stored looks through the scene again under other rules: no picture, no model."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Collection, Iterator
from dataclasses import replace

from casework.devices import queries as devices
from casework.errors import Conflict, Invalid, NotFound
from casework.footage.queries import footage as get_footage
from casework.looks.codec import Look, unpacked
from casework.looks.queries import footage_with_looks, look_files
from casework.rules.preview import Ask, Finding, Preview, compare
from casework.rules.service import checked
from casework.rules.tables import RuleSet
from detector.errors import BadRule
from detector.scene.model import Change, Violation
from jiexun.house import House
from jiexun.pipeline.judging import Judging, Surroundings, surroundings

ASK_TIME_EVERY = 256
MOST_AT_ONCE = threading.Semaphore(1)
"""One preview at a time in a server: it is all computing."""


def replay(house: House, ask: Ask, labels: Collection[str]) -> Preview:
    """What the rules would have raised. Raises Invalid (rules, span, or one footage beyond the budget), NotFound.

    Zones, permitted places and the plan of looks are those under which the footage was judged; street grades,
    remembered places, a camera's survey and vehicles' door lines and streets are as they are now.
    """
    checked(ask.text, labels)
    if not ask.since < ask.until:
        raise Invalid("bad_span", zh="起止时间有误", en="the span is empty: give --from earlier than --to")
    with house.database.read() as session:
        if ask.device is not None:
            devices.device_by_code(session, ask.device)
        waiting = footage_with_looks(session, ask.since, ask.until, ask.device, ask.after)
    clock = _Clock(ask.budget_s)
    looks, done, missing, findings = 0, 0, list[str](), list[Finding]()
    for footage_id in waiting:
        try:
            seen, found = _again(house, footage_id, ask, clock)
        except (NotFound, BadRule) as error:
            missing.append(f"footage {footage_id}: {error}")
            done += 1
            continue
        except _Late:
            if done == 0:
                raise Invalid(
                    "preview_too_long",
                    zh="单段视频的回放超出时限，请缩小范围或在命令行运行 jiexun replay",
                    en="one footage alone takes longer than this may; use jiexun replay on the command line",
                ) from None
            return Preview(looks, done, missing, findings, waiting[done - 1])
        looks, done = looks + seen, done + 1
        findings += found
    return Preview(looks, done, missing, findings, None)


def replay_one_at_a_time(house: House, ask: Ask, labels: Collection[str]) -> Preview:
    """The same for a server. Raises Conflict while another is at work."""
    if not MOST_AT_ONCE.acquire(blocking=False):
        raise Conflict(
            "preview_busy",
            zh="另一项规则预览正在进行，请稍候再试",
            en="another preview is at work; try again in a moment",
        )
    try:
        return replay(house, ask, labels)
    finally:
        MOST_AT_ONCE.release()


class _Late(Exception):
    """The time is over."""


class _Clock:
    def __init__(self, budget_s: float | None) -> None:
        self._end = None if budget_s is None else time.monotonic() + budget_s

    def ask(self) -> None:
        if self._end is not None and time.monotonic() > self._end:
            raise _Late


def _again(house: House, footage_id: int, ask: Ask, clock: _Clock) -> tuple[int, list[Finding]]:
    """One footage: (looks judged, what it gives). Raises NotFound (a file that is gone), _Late, BadRule."""
    with house.database.read() as session:
        files = look_files(session, footage_id)
        device = devices.device_by_code(session, get_footage(session, footage_id).device.code)
        around = replace(
            surroundings(session, device, files[0].first_at, files[0].judged_at),
            look_every_s=files[0].look_every_s,
        )
    looks, judging, found = 0, None, dict[str, Violation]()
    for look in _looks(house, [f.sha256 for f in files]):
        if judging is None:
            judging = Judging(device, _under(around, ask.text), look.seen.names, look.captured_at)
        if looks % ASK_TIME_EVERY == 0:
            clock.ask()
        looks += 1
        for event in judging.judge(look.captured_at, look.index, look.size, look.seen, look.position):
            found[event.violation.key] = event.violation
    if judging is None:
        return 0, []
    for event in judging.scene.finish():
        if event.change is Change.ENDED or event.violation.key not in found:
            found[event.violation.key] = event.violation
    with house.database.read() as session:
        meant = [v for v in found.values() if not judging.off_grade(session, v)]
        return looks, compare(session, device, footage_id, meant, ask.since, ask.until)


def _looks(house: House, files: list[str]) -> Iterator[Look]:
    for sha256 in files:
        yield from unpacked(house.looks.get(sha256))


def _under(around: Surroundings, text: str) -> Surroundings:
    """The same place under other rules."""
    was = around.rules
    rules = RuleSet(
        version=0,
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        valid_from=was.valid_from,
        valid_to=None,
        warning_only=False,
        reason="preview",
        made_by="preview",
        made_at=was.made_at,
    )
    return replace(around, rules=rules, later=[])
