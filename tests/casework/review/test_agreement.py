"""Agreement: published worked examples, and tables small enough to work out by hand."""

from __future__ import annotations

import random

import pytest

from casework.algorithms.wilson import difference
from casework.review.agreement import alpha, kappa


def _pairs(table: list[list[int]]) -> list[tuple[int, int]]:
    return [(a, b) for a, row in enumerate(table) for b, count in enumerate(row) for _ in range(count)]


def test_kappa_of_fleiss_hundred_patients() -> None:
    """Fleiss, Levin, Paik, Statistical Methods for Rates and Proportions, chapter 18: 100 patients, two raters, three
    diagnoses; kappa 0.676, its standard error 0.088."""
    found = kappa(_pairs([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert found.units == 100
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 / 1.96 == pytest.approx(0.088, abs=5e-4)


def test_kappa_by_hand() -> None:
    """20 both keep, 15 both reject, 5 and 10 differ: 0.7 observed, 0.5 by chance, (0.7 - 0.5) / 0.5 = 0.4."""
    assert kappa(_pairs([[20, 5], [10, 15]])).value == pytest.approx(0.4)
    assert kappa(_pairs([[5, 5], [5, 5]])).value == pytest.approx(0.0)
    assert kappa(_pairs([[0, 5], [5, 0]])).value == pytest.approx(-1.0)


@pytest.mark.parametrize("pairs", [[], [("keep", "keep")] * 9])
def test_nothing_to_compare_gives_no_kappa(pairs: list[tuple[str, str]]) -> None:
    """Who only ever gave one value cannot be told from one who never looked."""
    found = kappa(pairs)
    assert (found.units, found.value, found.low, found.high) == (len(pairs), None, None, None)


def test_full_agreement_has_no_interval() -> None:
    found = kappa(_pairs([[6, 0], [0, 4]]))
    assert (found.value, found.low, found.high) == (1.0, None, None)


# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), sections A to C: a row for each observer.
BINARY = ["0100000000", "1110010010"]
NOMINAL = ["aabbdcccedda", "babbbccceddd"]
MISSING = [
    "1 2 3 3 2 1 4 1 2 . . .",
    "1 2 3 3 2 2 4 1 2 5 . 3",
    ". 3 3 3 2 3 4 2 2 5 1 .",
    "1 2 3 3 2 4 4 1 2 5 1 .",
]


def _units(rows: list[str]) -> list[list[str | None]]:
    return [[None if v == "." else v for v in unit] for unit in zip(*rows, strict=True)]


@pytest.mark.parametrize(
    ("rows", "value"),
    [(BINARY, 0.095), (NOMINAL, 0.692), ([row.replace(" ", "") for row in MISSING], 0.743)],
)
def test_alpha_of_krippendorffs_examples(rows: list[str], value: float) -> None:
    found = alpha(_units(rows))
    assert found.value == pytest.approx(value, abs=5e-4)
    assert found.low is not None
    assert found.high is not None
    assert found.low < value < found.high


def test_a_thing_with_one_value_compares_nothing() -> None:
    """In the last example the twelfth thing has a single value: with or without it alpha is the same."""
    units = _units([row.replace(" ", "") for row in MISSING])
    assert alpha(units) == alpha(units[:11])
    assert alpha(units).units == 11


def test_alpha_by_hand() -> None:
    """Two people, four things: kk, kk, rr, kr. n = 8 values, 5 k and 3 r; 2 of 8 pairs differ.
    alpha = 1 - 7 * 2 / (5*3 + 3*5) = 1 - 14/30."""
    assert alpha(["kk", "kk", "rr", "kr"]).value == pytest.approx(1 - 14 / 30)
    assert alpha(["kk", "kk"]).value is None
    assert alpha([]).value is None


def test_the_intervals_hold_what_they_say() -> None:
    """Two people who are right nine times in ten on things of which four in ten are violations. Observed agreement is
    0.82; both keep 0.42 of the time: chance 0.42^2 + 0.58^2 = 0.5128, kappa (0.82 - 0.5128) / 0.4872 = 0.6305.
    Of 200 panels of 150 things about 95 % hold it: fewer than 180 would happen once in a thousand times."""
    draw, true = random.Random(4), 0.6305
    held = {"kappa": 0, "alpha": 0}
    for _ in range(200):
        pairs = []
        for _ in range(150):
            truth = draw.random() < 0.4
            pairs.append(tuple(truth if draw.random() < 0.9 else not truth for _ in range(2)))
        for name, found in (("kappa", kappa(pairs)), ("alpha", alpha(pairs))):
            assert found.low is not None
            assert found.high is not None
            held[name] += found.low <= true <= found.high
    assert min(held.values()) >= 180


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        # Newcombe 1998, Stat. Med. 17:873, table II, method 10.
        ((56, 70, 48, 80), (0.2, 0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.6, 0.1705, 0.8090)),
        ((10, 10, 0, 20), (1.0, 0.6791, 1.0)),
    ],
)
def test_the_difference_of_two_shares_is_the_published_one(
    table: tuple[int, int, int, int], expected: tuple[float, float, float]
) -> None:
    found = difference(*table)
    assert found is not None
    assert found == pytest.approx(expected, abs=5e-5)


def test_no_difference_where_nothing_was_tried() -> None:
    assert difference(0, 0, 3, 5) is None
