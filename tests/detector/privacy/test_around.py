"""Which boxes are covered, given persons and vehicles."""

from __future__ import annotations

import numpy as np

from detector.privacy.around import faces_kept, plates_kept
from detector.privacy.regions import shipped_limits

LIMITS = shipped_limits()
PERSON = np.array(
    [[100, 100, 160, 300]], np.float32
)  # 200 px high: a face is 10 to 80 px, its middle above y = 160
CAR = np.array([[0, 0, 200, 100]], np.float32)


def _faces(*boxes: tuple[float, float, float, float, float], persons: np.ndarray = PERSON) -> list[int]:
    rows = np.array(boxes, np.float32).reshape(-1, 5)
    return faces_kept(rows[:, :4], rows[:, 4], persons, LIMITS.face).tolist()


def test_a_sure_face_is_covered_wherever_it_is() -> None:
    assert _faces((500, 500, 520, 530, 0.21), (500, 600, 520, 630, 0.19)) == [0]


def test_of_the_doubtful_ones_a_person_has_one_face() -> None:
    head, shoulder = (120, 110, 140, 140, 0.1), (110, 140, 130, 160, 0.09)
    assert _faces(shoulder, head) == [1]
    assert _faces(shoulder, head, persons=np.zeros((0, 4), np.float32)) == []
    assert _faces((120, 110, 140, 140, 0.07)) == []


def test_a_sure_face_leaves_no_room_for_a_doubtful_one() -> None:
    assert _faces((120, 110, 140, 140, 0.5), (110, 140, 130, 160, 0.15)) == [0]


def test_hands_and_bags_are_no_faces() -> None:
    low, large, tiny = (120, 200, 140, 230, 0.15), (100, 100, 160, 190, 0.15), (120, 110, 124, 118, 0.15)
    assert _faces(low, large, tiny) == []


def _plates(*boxes: tuple[float, float, float, float, float]) -> list[int]:
    rows = np.array(boxes, np.float32).reshape(-1, 5)
    return plates_kept(rows[:, :4], rows[:, 4], CAR, 1000, LIMITS.plate).tolist()


def test_a_plate_is_on_a_vehicle_or_small() -> None:
    on_car, weak = (50, 60, 110, 80, 0.16), (50, 60, 110, 80, 0.14)
    assert _plates(on_car, weak) == [0]
    small, doubtful, sign = (500, 60, 560, 80, 0.3), (500, 60, 560, 80, 0.29), (500, 60, 600, 100, 0.99)
    assert _plates(small, doubtful, sign) == [0]


def test_a_sign_behind_a_car_is_no_plate_of_it() -> None:
    """160 px of 200 px are more than three quarters."""
    assert _plates((20, 10, 180, 40, 0.99)) == []
