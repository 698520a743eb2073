"""From what a scene tells to rows: remembered places held back, evidence packed, candidates raised and carried on.

Shared by runs over footage and by live cameras: both do the slow part first (``prepare``: files) and then write
within a transaction of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

from casework.candidates.service import Witness, raise_candidate, update_sighting
from casework.db import Session
from casework.devices.tables import Device
from casework.evidence.service import Exhibit, Packed, pack
from casework.fixtures.service import hold_back
from casework.footage.tables import Footage
from detector.scene.model import Change, DeviceKind, Rule, SceneEvent, Violation
from jiexun.house import House
from jiexun.pipeline import exhibits
from jiexun.pipeline.colours import colours_of
from jiexun.pipeline.judging import Judging

Act = Callable[[Session], None]
"""What is left to be done within a write transaction."""


@dataclass(frozen=True, slots=True)
class Seer:
    """What looks. model_id: as candidates carry it. file_id, sha256: of the very file that is run, for manifests."""

    model_id: str
    file_id: str
    sha256: str


class Writing:
    """The events of one device in one footage.

    clips: what is added to the pictures of a violation, by the time of the latest; none for live cameras.
    """

    def __init__(
        self,
        house: House,
        footage: Footage,
        device: Device,
        judging: Judging,
        seer: Seer,
        clips: Callable[[datetime], list[Exhibit]] = lambda at: [],
    ) -> None:
        self._house, self._footage, self._device = house, footage, device
        self._judging, self._seer, self._clips = judging, seer, clips
        self._sealed_to: dict[str, datetime] = {}  # violation -> its latest picture that is sealed
        self._held: set[str] = set()

    def prepare(self, event: SceneEvent, time_source: str) -> Act | None:
        """Write the files of an event; what is left for the transaction, none when nothing is. Raises StorageFull.

        time_source: where the capture times of its pictures came from.
        """
        violation = event.violation
        if violation.key in self._held:
            return None
        if event.change is Change.RAISED:
            if self._hold_back(violation):
                self._held.add(violation.key)
                return None
            term = self._judging.term_of(violation)
            witness = Witness(
                self._footage.id,
                self._device.id,
                self._seer.model_id,
                time_source,
                self._house.settings.legal_mode,
                _numbers(term.rules[violation.rule]),
                rule_set=term.rule_set.version,
                warning=violation.rule in term.warnings,
                colours=colours_of(violation, self._judging.book),
            )
            part = self._pack(event, "birth")
            self._sealed_to[violation.key] = violation.key_times[-1]
            return lambda session: _raise(session, violation, witness, part)
        ended = event.change is Change.ENDED
        newer = violation.key_times[-1] > self._sealed_to.get(violation.key, violation.start)
        more = self._pack(event, "end") if ended and newer else None
        return lambda session: update_sighting(session, violation, gone=event.gone, ended=ended, packed=more)

    @property
    def footage_id(self) -> int:
        """Of the footage that it writes about."""
        return self._footage.id

    def remember(self, event: SceneEvent) -> None:
        """An event that was written before, told again while a scene is rebuilt from its stored looks."""
        if event.change is Change.RAISED:
            self._sealed_to[event.violation.key] = event.violation.key_times[-1]

    @property
    def memory(self) -> tuple[dict[str, datetime], set[str]]:
        """What was sealed and held back; ``recall`` takes it back."""
        return dict(self._sealed_to), set(self._held)

    def recall(self, memory: tuple[dict[str, datetime], set[str]]) -> None:
        """Go on from there."""
        self._sealed_to, self._held = dict(memory[0]), set(memory[1])

    def _hold_back(self, violation: Violation) -> bool:
        """Whether it lies in a remembered place, which is noted, or on a street that its rule does not mean."""
        with self._house.database.write() as session:
            if self._judging.off_grade(session, violation):
                return True
            return hold_back(session, violation, self._footage.id, self._device) is not None

    def _pack(self, event: SceneEvent, part: str) -> Packed:
        violation = event.violation
        files = exhibits.pictures(violation, self._judging.book, self._judging.zones, self._judging.lines)
        if part == "end":
            files = files[-1:]
        clips, term = self._clips(violation.key_times[-1]), self._judging.term_of(violation)
        statement = exhibits.statement(
            violation,
            self._device,
            self._footage,
            term.rules[violation.rule],
            self._judging.zones,
            {"id": self._seer.file_id, "sha256": self._seer.sha256},
            term.rule_set,
        )
        return pack(self._house.store, f"{violation.key}:{part}", [*files, *clips], statement)


def scene_notes(judging: Judging, device: Device) -> list[str]:
    """What was wrong with the looks of a footage, one line each."""
    # A vehicle comes and goes, and without rules there is no gap that a step could be longer than.
    told = device.kind == DeviceKind.FIXED and bool(judging.term.rules)
    seen = judging.scene.notes
    apart = seen.too_far_apart if told else 0
    said = {
        f"{seen.repeated} looks had the time of the one before and were left out": seen.repeated,
        f"the clock jumped back for {seen.backwards} looks (by {seen.furthest_back_s:.0f} s at most): "
        "they were left out; set the device's clock": seen.backwards,
        f"the clock was set back for good {seen.restarts} times: what stood then ended and was begun anew": (
            seen.restarts
        ),
        f"{apart} times two looks were further apart than any rule's longest gap: no time was counted between "
        "them; unless it was a pause, let the camera look more often": apart,
        f"{seen.unplaced} looks have no position or heading: nothing was judged there": seen.unplaced,
    }
    return [text for text, count in said.items() if count]


def _raise(session: Session, violation: Violation, witness: Witness, packed: Packed) -> None:
    raise_candidate(session, violation, witness, packed)


def _numbers(rule: Rule) -> dict[str, float | int]:
    return {
        name: value
        for name, value in asdict(rule).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }
