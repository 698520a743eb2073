"""What the schedule promises, for any numbers: phases, fair shares, one look for one due time; usability in parts."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from casework.db import Database
from casework.plans.model import Done, Due
from casework.plans.needs import fallen, needs
from casework.plans.phases import first_due, next_due
from casework.plans.schedule import lease_due, looked, refresh
from casework.plans.sharing import STEP, elastic_budget, stretch
from casework.plans.tables import LookDue
from casework.streams import usability
from detector.scene.model import Rule, ZoneKind
from tests import builders as b
from tests.cameras import a_plan, cameras

SOME_TIME = st.floats(1.7e9, 1.9e9).map(lambda s: datetime.fromtimestamp(round(s, 6), UTC))
INTERVAL = st.floats(1, 86_400).map(lambda s: round(s, 3))
NUMBER = st.integers(1, 1_000_000)


@given(NUMBER, INTERVAL, SOME_TIME)
def test_a_due_time_lies_within_one_interval(number: int, interval_s: float, at: datetime) -> None:
    due = first_due(number, interval_s, at)
    assert at <= due < at + timedelta(seconds=interval_s)
    assert first_due(number, interval_s, due) == due


@given(NUMBER, INTERVAL, SOME_TIME, st.lists(st.floats(0, 5), max_size=8))
def test_due_times_never_drift(number: int, interval_s: float, at: datetime, lates: list[float]) -> None:
    """Looked at late, by up to five intervals each time: every due time lies on the camera's first grid."""
    start = due = first_due(number, interval_s, at)
    for late in lates:
        now = due + timedelta(seconds=late * interval_s)
        due = next_due(number, interval_s, due, now)
        assert now < due <= now + timedelta(seconds=interval_s)
        steps = (due - start) / timedelta(seconds=interval_s)
        assert abs(steps - round(steps)) < 1e-6


@pytest.mark.parametrize("count", [10, 500, 13_000])
def test_phases_are_even(count: int) -> None:
    """In any tenth of the interval a tenth of the cameras is due, within two of them (and one in a thousand)."""
    start = datetime(2026, 10, 12, tzinfo=UTC)
    tenth = Counter(
        int((first_due(n, 300, start) - start).total_seconds() // 30) for n in range(1, count + 1)
    )
    assert sum(tenth.values()) == count
    assert all(abs(tenth[n] - count / 10) <= 2 + count / 1000 for n in range(10))


RATES = st.lists(
    st.tuples(st.floats(0.0001, 1.0), st.sampled_from([0.5, 1.0, 2.0, 10.0])), min_size=1, max_size=60
)


@given(RATES, st.floats(0.01, 2.0))
def test_a_short_budget_is_shared_fairly(asked: list[tuple[float, float]], share: float) -> None:
    rates, weights = (np.array(x) for x in zip(*asked, strict=True))
    budget = share * float(rates.sum())
    factors = stretch(rates, weights, budget)
    got = float((rates / factors).sum())
    assert (factors >= 1).all()
    if share >= 1:
        assert (factors == 1).all()
    else:
        assert budget / STEP - 1e-9 <= got <= budget * (1 + 1e-9)
    for weight in set(weights):  # alike for the alike, and the heavier is never stretched more
        assert len(set(factors[weights == weight])) == 1
    ordered = factors[np.argsort(weights, kind="stable")]
    assert (np.diff(ordered) <= 1e-12).all()


def test_shares_worked_out_by_hand() -> None:
    """Three ask for 1 each, weights 1, 1, 2, for 2: the heavy one at L = 0.5 gets 2 x 0.5 = 1, the others 0.5 each."""
    factors = stretch(np.ones(3), np.array([1.0, 1.0, 2.0]), 2.0)
    steps = np.ceil(np.log(2) / np.log(STEP))
    assert factors.tolist() == pytest.approx([STEP**steps, STEP**steps, 1.0])
    assert elastic_budget(10, special=2, quick=0) == 7
    assert elastic_budget(10, special=2, quick=3) == 5
    assert elastic_budget(10, special=20, quick=0) == 1


def _rule(**changes: float) -> Rule:
    return Rule("stall", 1, "stall", ("stall",), (ZoneKind.PAVEMENT,), **changes)  # type: ignore[arg-type]


def test_what_rules_need_worked_out_by_hand() -> None:
    """Defaults: pictures 60 s apart, dwell 300 s, gap 120 s or 2.5 looks, at most 900 s."""
    found = needs([_rule()])
    assert found is not None
    assert (found.quick_s, found.quick_for_s, found.slowest_s) == (60, 300 + 150, 360)
    tight = needs([_rule(), _rule(spacing_s=30, gap_s=20)])
    assert tight is not None
    assert tight.quick_s == 20
    assert needs([]) is None
    assert fallen(120, 1000, True, found) == 240
    assert fallen(200, 1000, True, found) == 360
    assert fallen(400, 1000, True, found) == 400  # the plan itself is slower: it does not fall further
    assert fallen(400, 1000, False, found) == 800
    assert fallen(400, 500, False, None) == 500
    assert fallen(400, None, False, None) == 400


@pytest.mark.parametrize("seed", range(2))
def test_workers_that_die_and_come_late_never_look_twice(sqlite: Database, seed: int) -> None:
    """Three workers, of whom some die with their leases and some hand in after these ran out: every look that was
    written down has a due time of its own, and in the end every camera was looked at."""
    rnd = random.Random(seed)
    written: Counter[tuple[int, datetime]] = Counter()
    slow: list[tuple[datetime, list[Due]]] = []
    with sqlite.write() as session:
        cameras(session, 12)
        a_plan(session, interval_s=60)
        refresh(session, b.START)
        now = b.START
        while now < b.START + timedelta(minutes=20):
            taken = lease_due(session, now, rnd.randint(1, 6), f"w{rnd.randint(1, 3)}", lease_s=20)
            fate = rnd.random()
            if fate < 0.2:
                pass  # killed
            elif fate < 0.4:
                slow.append((now + timedelta(seconds=rnd.uniform(5, 60)), taken))
            else:
                slow.append((now, taken))
            for late in [s for s in slow if s[0] <= now]:
                slow.remove(late)
                for one in late[1]:
                    done = Done(one.device_id, one.token, now, quick=rnd.random() < 0.1)
                    if looked(session, now, [done]).taken:
                        written[one.device_id, one.due_at] += 1
            now += timedelta(seconds=rnd.uniform(0.5, 6))
            if rnd.random() < 0.1:
                refresh(session, now)
        assert set(written.values()) == {1}
        assert len({device for device, _ in written}) == 12
        assert all(row.due_at > now - timedelta(minutes=2) for row in session.scalars(select(LookDue)))


def test_usability_says_what_is_wrong() -> None:
    rnd = np.random.default_rng(3)
    street = cv2.resize(
        rnd.integers(40, 220, (180, 320, 3), np.uint8), (1280, 720), interpolation=cv2.INTER_NEAREST
    )
    good = usability.of_picture(street, street)
    assert (good["size"], good["sharp"], good["lit"], good["view"]) == (1.0, 1.0, 1.0, 1.0)
    blurred = usability.of_picture(cv2.GaussianBlur(street, (0, 0), 12), None)
    assert blurred["sharp"] is not None
    assert blurred["sharp"] < 0.2
    assert blurred["view"] is None
    dark = usability.of_picture(np.full((720, 1280, 3), 10, np.uint8), None)
    assert dark["lit"] == 0.0
    other = cv2.resize(
        rnd.integers(40, 220, (180, 320, 3), np.uint8), (1280, 720), interpolation=cv2.INTER_NEAREST
    )
    assert usability.of_picture(other, street)["view"] == 0.0
    assert usability.of_picture(street[:360, :640], None)["size"] == 0.5


def test_the_score_is_the_geometric_mean_of_what_is_known() -> None:
    assert usability.of_pavement([]) is None
    assert (
        usability.of_pavement([[[0, 0.8], [1, 0.8], [1, 0.84], [0, 0.84]]]) == 0.5
    )  # 4 % of the 8 % that are wanted
    assert usability.of_uptime(0, 0) is None
    assert usability.of_uptime(200, 150) == 0.75
    assert usability.score({"sharp": 1.0, "lit": 0.25, "view": None}) == 50
    assert usability.score({"sharp": 1.0, "view": 0.0}) == 0
    assert usability.score({"view": None}) is None
