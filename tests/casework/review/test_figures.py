"""Figures of reviewers on decisions that are written out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from casework.review.figures import alpha_of, drift_of, kappa_of, row_of, rows_of, seconds_of
from casework.review.quality_rules import rules
from casework.review.said import Said, hasty
from tests import builders as b


def _said(verdict: str = "keep", **values: Any) -> Said:
    given: dict[str, Any] = {
        "account": 1,
        "candidate": 1,
        "reason": "duplicate" if verdict == "reject" else None,
        "type": "stall",
        "device": "CAM-1",
        "at": b.START,  # 10:00 in Shanghai
        "seconds": 4.0,
        "hasty": False,
        **values,
    }
    return Said(verdict=verdict, **given)


def test_a_row_by_hand() -> None:
    """Five kept: three upheld, one not, one open. Three rejected: one of a second look, upheld. One unsure. Three
    planted, one right, one unsure. Of two second looks with two verdicts one agreed."""
    said = [
        _said(upheld=True, other="keep"),
        _said(upheld=True),
        _said(upheld=True),
        _said(upheld=False),
        _said(),
        _said("reject", upheld=True, other="keep"),
        _said("reject"),
        _said("reject"),
        _said("escalate"),
        _said(known="keep"),
        _said("reject", known="keep"),
        _said("escalate", known="keep"),
    ]
    row = row_of("all", None, said, rules())
    assert (row.decisions, row.kept, row.rejected, row.unsure) == (9, 5, 3, 1)
    assert [(s.hits, s.trials) for s in (row.keeps, row.rejects, row.agreement, row.planted, row.hasty)] == [
        (3, 4),
        (1, 1),
        (1, 2),
        (1, 2),
        (0, 12),
    ]
    # Wilson's interval of 3 of 4, by hand: (0.75 + 0.4802 -/+ 1.95996 sqrt(0.046875 + 0.060025)) / 1.960
    assert row.keeps.low == pytest.approx(0.3006, abs=5e-4)
    assert row.keeps.high == pytest.approx(0.9544, abs=5e-4)
    assert row.small == ("keeps", "rejects", "agreement", "planted", "hasty")  # below 30
    assert row_of("all", None, said * 3, rules()).small == ("keeps", "rejects", "agreement", "planted")


def test_rows_by_reason_type_camera_and_hour() -> None:
    said = [
        _said("reject", type="stall", device="CAM-2", at=b.at(-3600)),
        _said("reject", reason="permitted", type="cross_door"),
        _said(type="stall"),
    ]
    found = {(row.by, row.key): row.decisions for row in rows_of(said, rules())}
    assert found == {
        ("all", None): 3,
        ("reason", "duplicate"): 1,
        ("reason", "permitted"): 1,
        ("type", "cross_door"): 1,
        ("type", "stall"): 2,
        ("device", "CAM-1"): 2,
        ("device", "CAM-2"): 1,
        ("hour", 9): 1,
        ("hour", 10): 2,
    }
    assert rows_of([], rules()) == []


@pytest.mark.parametrize(
    ("shown", "seconds", "expected"),
    [
        ([], 0.1, None),  # nothing to be seen
        ([(1, 400), (2, 400)], 0.8, False),
        ([(1, 400), (2, 399)], 3.0, True),
        ([(1, 900), (2, 900)], 0.79, True),  # on screen before it was this one's turn
        ([(1, 200), (2, 500), (1, 200)], 0.9, False),  # came back to it
        ([(1, 500), (2, 30), (3, 500)], 1.1, False),  # stepped over the middle one
        ([(1, 400)], 0.4, False),
    ],
)
def test_haste(shown: list[tuple[int, int]], seconds: float, expected: bool | None) -> None:
    assert hasty([{"picture": p, "ms": ms} for p, ms in shown], seconds, 400) is expected


def test_agreement_of_one_and_of_all() -> None:
    """Two second looks: both keep; keep and reject. A third where one was unsure compares nothing."""
    said = [
        _said(other="keep", look=1),
        _said(account=2, other="keep", look=1),
        _said(other="reject", look=2),
        _said("reject", account=2, other="keep", look=2),
        _said("reject", look=3),
        _said("escalate", account=2, look=3),
    ]
    mine = kappa_of(s for s in said if s.account == 1)
    assert (mine.units, mine.value) == (2, pytest.approx(0.0))
    whole = alpha_of(said)  # values kk kr: 3 k and 1 r; 1 - 3 * 2 / (3*1 + 1*3) = 0
    assert (whole.units, whole.value) == (2, pytest.approx(0.0))


def test_drift_compares_the_last_weeks_with_those_before() -> None:
    """48 of 80 upheld before, 56 of 70 in the last 28 days: 0.2, from 0.0524 to 0.3339 (Newcombe 1998)."""
    until = b.START + timedelta(days=100)
    last, before = until - timedelta(days=28), until - timedelta(days=28, seconds=1)
    said = [_said(upheld=n < 56, at=last) for n in range(70)]
    said += [_said(upheld=n < 48, at=before) for n in range(80)]
    said += [_said(upheld=False, at=until), _said(upheld=False, at=until - timedelta(days=113))]
    drift = {one.what: one for one in drift_of(said, until, rules())}
    keeps = drift["keeps"]
    assert (keeps.last.hits, keeps.last.trials, keeps.before.hits, keeps.before.trials) == (56, 70, 48, 80)
    assert (keeps.difference, keeps.low, keeps.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)
    assert keeps.drifted
    assert not drift["planted"].drifted
    assert drift["planted"].difference is None


def test_the_median_of_seconds() -> None:
    assert seconds_of([_said(seconds=1.0), _said(seconds=9.0), _said(seconds=2.0)]) == 2.0
    assert seconds_of([]) is None


def test_numbers_of_small_are_those_of_the_file() -> None:
    assert row_of("all", None, [_said(upheld=True)], replace(rules(), least=1)).small == (
        "rejects",
        "agreement",
        "planted",
    )
