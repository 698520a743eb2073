"""What is in a frame means: standing things by place, zones, dwell in capture time, rules. Pure.

model       what crosses the wall: Zone, Rule, Sighting, Violation, SceneEvent
calendar    when a zone holds, Asia/Shanghai          zones       polygons, shares of a foot
boxes       overlap, foot, pairing                    looks       clock of the looks, history of a thing
sightings   standing things by place in the picture   pictures    which looks' pictures prove it
stands      one thing under one rule, unbroken        rules       FixedScene: a fixed camera, look by look
held        raised, but out of sight                  permits     permitted places on the map, for a camera
ground      pixel to ground and back, errors          roadside    things along a pass, by place on the ground
street      ground zones, the clue of one pass        passes      VehicleScene: a patrol vehicle
frontages   door lines, whose shop                    street_lines  middle lines, sides of a street
mounting    how a camera is mounted                   travel, lens  calibration from a drive
places      when two violations are of one place      rules_data  the rules as TOML data
"""

from detector.scene.passes import VehicleScene
from detector.scene.places import same_place
from detector.scene.rules import FixedScene
from detector.scene.rules_data import default_rules

__all__ = ["FixedScene", "VehicleScene", "default_rules", "same_place"]
