"""What the rule and the law ask of a candidate, each as a code with values and a tick or cross.

The page puts them into words. Pure: works on what the candidate's row holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from casework.candidates.tables import Candidate
from detector.detections import UNNAMED

Value = float | int | bool | str | None


@dataclass(frozen=True, slots=True)
class Check:
    """ok: tick, cross, or none for information only."""

    code: str
    ok: bool | None
    values: dict[str, Value] = field(default_factory=dict)


def checks_of(candidate: Candidate, sightings: int | None = None) -> list[Check]:
    """The checks in the order of the page, against the rule's numbers as they were when it was raised.

    ``candidate.device`` is loaded, and ``candidate.sightings`` unless the number of ``sightings`` (with those of
    merged ones) is given. Approvals are those of the device whose record it rests on: a clue that another,
    approved device proved later lacks none.
    """
    facts: dict[str, Any] = candidate.facts
    rule = facts["rule"]
    found: list[Check] = []
    dwell = candidate.observed_s + candidate.inferred_s
    needed_s = facts.get("needed_s", rule["dwell_s"])  # less where a special duty shortened it
    if candidate.device.kind == "fixed":
        found.append(
            Check(
                "dwell",
                dwell >= needed_s,
                {"dwell_s": dwell, "observed_s": candidate.observed_s, "needed_s": needed_s},
            )
        )
        found.append(
            Check(
                "pictures",
                facts.get("pictures", 0) >= rule["pictures"],
                {"count": facts.get("pictures", 0), "needed": rule["pictures"]},
            )
        )
        found.append(
            Check(
                "spacing",
                facts.get("least_spacing_s", 0) >= rule["spacing_s"],
                {"least_s": facts.get("least_spacing_s", 0), "needed_s": rule["spacing_s"]},
            )
        )
        found.append(Check("zone", None, {"share": facts.get("zone_share")}))
    else:
        found.append(
            Check(
                "passes",
                "one_pass" not in facts["clue_because"],
                {
                    "count": len(candidate.sightings) if sightings is None else sightings,
                    "needed": rule["passes"],
                },
            )
        )
    # What the rule asked of its company held when it was raised, else it would not have been.
    if "with" in facts:
        found.append(Check("company", True, {"labels": facts["with"], "share": facts["with_share"]}))
    if "attended" in facts:
        found.append(
            Check("attended", True, {"attended": facts["attended"], "share": facts["attended_share"]})
        )
    if facts.get("label") == UNNAMED:
        found.append(Check("unnamed", None, {}))
    if "special_duty" in facts:
        found.append(Check("special_duty", None, {"zone": facts["special_duty"]}))
    missing = [d.removeprefix("approval:") for d in facts["clue_because"] if d.startswith("approval:")]
    found.append(Check("approval", not missing, {"missing": ",".join(missing)}))
    weak = [d for d in facts["clue_because"] if d.startswith("clock:")]
    found.append(Check("clock", not weak, {"source": facts["time_source"]}))
    # Without a place on the ground nobody compared it with the permitted places: no tick then.
    place = facts.get("permitted_place")
    permitted = False if place else True if facts.get("place_known") else None
    found.append(Check("permitted", permitted, {"place": place, "known": bool(facts.get("place_known"))}))
    if candidate.place_error_m is not None:
        found.append(Check("position", None, {"error_m": candidate.place_error_m}))
    if "district" in facts["clue_because"]:
        found.append(Check("district", False, {}))
    return found
