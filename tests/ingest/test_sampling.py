"""Due times, by hand and by property."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.sampling import Sampler, choose

times = st.lists(st.integers(0, 100_000), min_size=1, max_size=200, unique=True).map(
    lambda ms: [t / 1000 for t in sorted(ms)]
)
rates = st.sampled_from([0.1, 0.5, 1.0, 2.0, 3.0, 12.5])
intervals = st.sampled_from([0.0, 0.02, 0.04, 1 / 30, 0.25, 4.0])


def looks(ts: list[float], rate: float, interval: float = 0.0) -> list[float]:
    return [ts[i] for i in choose(ts, rate, interval)]


def test_25_frames_a_second_two_looks_a_second() -> None:
    ts = [i / 25 for i in range(51)]  # 0.00 .. 2.00; due 0, 0.5, 1, 1.5, 2; 0.48 is half a frame early: taken
    assert looks(ts, 2.0, 0.04) == [0.0, 0.48, 1.0, 1.48, 2.0]


def test_without_a_known_interval_nothing_is_early() -> None:
    ts = [i / 25 for i in range(51)]
    # 0.52 is the first at or after 0.5 and later than the tolerance of 0: the grid starts anew there
    assert looks(ts, 2.0) == [0.0, 0.52, 1.04, 1.56]


def test_2997_does_not_drift() -> None:
    ts = [i * 1001 / 30000 for i in range(18_000)]  # ten minutes
    chosen = looks(ts, 2.0, 1001 / 30000)
    assert len(chosen) == 1202  # 600.6 s: due 0, 0.5 ... 600.5
    assert all(abs(t - 0.5 * i) <= 1001 / 60000 + 1e-6 for i, t in enumerate(chosen))


def test_time_lapse_gives_every_frame_once() -> None:
    ts = [4.0 * i for i in range(15)]
    assert looks(ts, 2.0, 4.0) == ts


def test_a_gap_is_not_caught_up() -> None:
    ts = [0.0, 0.1, 0.95, 1.0, 1.1, 1.2, 1.4, 1.45, 1.5]
    # due 0.5: 0.95 is late, so the next is due at 1.45, not at 1.0
    assert looks(ts, 2.0) == [0.0, 0.95, 1.45]


def test_repeated_and_backward_stamps_are_never_looked_at() -> None:
    assert looks([0.0, 1.0, 1.0, 0.5, 2.0], 1.0) == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    ("rate", "interval"), [(0, 0), (-1, 0), (float("nan"), 0), (1, -1), (1, float("nan"))]
)
def test_nonsense_is_refused(rate: float, interval: float) -> None:
    with pytest.raises(ValueError, match="give"):
        Sampler(rate, interval)


@settings(max_examples=150, deadline=None)
@given(times, rates, intervals)
def test_never_more_than_the_rate_and_strictly_rising(ts: list[float], rate: float, interval: float) -> None:
    chosen = looks(ts, rate, interval)
    tolerance = Sampler(rate, interval).tolerance_s
    least = 1 / rate - 2 * tolerance - 3e-6
    assert all(b > a and b - a >= least for a, b in pairwise(chosen))
    assert len(chosen) <= (ts[-1] - ts[0] + tolerance) * rate + 1 + 1e-3
    assert chosen[0] == ts[0]


@settings(max_examples=150, deadline=None)
@given(times, rates, st.randoms(use_true_random=False))
def test_dropped_frames_never_stretch(ts: list[float], rate: float, random) -> None:  # type: ignore[no-untyped-def]
    kept = [ts[0]] + [t for t in ts[1:] if random.random() > 0.5]
    chosen = looks(kept, rate)
    assert set(chosen) <= set(ts)  # times are the frames' own, never moved
    for t in kept:  # a frame that was passed over lies within a period after a look
        assert any(0 <= t - look < 1 / rate + 1e-6 for look in chosen)
