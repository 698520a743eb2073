"""What the rules cost: the memory of a camera's state, which does not depend on how busy the machine is."""

from __future__ import annotations

from detector.simulation.cost import _bytes_of_a_camera, _streams


def test_a_thousand_cameras_stay_under_200_mb() -> None:
    # Fifty standing things, twenty zones; after 150 looks the histories have been filled and thinned several times and
    # what stood for five minutes is raised.
    assert 100_000 < _bytes_of_a_camera(20, _streams(50, 165, seed=0)) < 200_000
