"""Whether a decision may be made: by this person, at this stage, on this candidate, with what was shown and given.

Nothing is written here, so that a decision which is refused leaves no trace.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from casework.candidates.tables import Candidate
from casework.db import utcnow
from casework.errors import Conflict, Invalid, Refused
from casework.evidence.tables import EvidenceItem
from casework.people.roles import may
from casework.people.service import Person
from casework.review.transitions import Transition, transition
from casework.words import codes

STAGE_ACT = {"first": "review", "senior": "senior", "legal": "legal"}
LEAST_SHOWN_MS = 300
"""A picture that was on screen for less was not seen."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person decided. shown: pictures that were on screen, [{"picture": id, "ms": n}].

    boxes: corrected ones, see ``Decision``. type: the right one, where a kept candidate is another violation than the
    rule said. batch: the same for decisions made together.
    """

    stage: str
    verdict: str
    key: str
    reason: str | None = None
    note: str = ""
    seconds: float = 0.0
    shown: list[dict[str, Any]] = field(default_factory=list)
    boxes: list[dict[str, Any]] | None = None
    type: str | None = None
    batch: str | None = None


def check_stage(person: Person, stage: str) -> None:
    """Whether this person works at this stage. Raises Refused."""
    if stage not in STAGE_ACT or not may(person.role, STAGE_ACT[stage]):
        raise Refused(
            "not_your_stage", zh="您的角色不能做这一步审核", en=f"a {person.role} does not do {stage} review"
        )


def admitted(
    person: Person, candidate: Candidate, choice: Choice, pictures: Sequence[EvidenceItem], *, had_a_say: bool
) -> Transition:
    """The row of the table by which the decision is made.

    pictures: the candidate's, by capture time. had_a_say: the person decided on it before, and so may not at a later
    stage. Raises Conflict (state, or another's lease), Refused (the same person), Invalid (what was given).
    """
    step = step_of(choice)
    # To who decided first it is decided, though it waits for somebody else's second look.
    sources = step.sources if choice.stage != "first" or not had_a_say else frozenset()
    check_held(person, candidate, choice.stage, sources)
    if had_a_say:
        raise Refused(
            "same_person",
            zh="一审人员不得对同一件做二审",
            en="who reviewed it may not review it again at the next stage",
        )
    check_given(step, choice, pictures)
    return step


def step_of(choice: Choice) -> Transition:
    """The row of the table. Raises Invalid for a verdict that the stage does not have."""
    step = transition(choice.stage, choice.verdict)
    if step is None:
        raise Invalid(
            "bad_verdict",
            zh=f"{choice.stage} 没有 {choice.verdict} 这一结论",
            en=f"{choice.stage} review has no verdict {choice.verdict}",
        )
    return step


def check_given(step: Transition, choice: Choice, pictures: Sequence[EvidenceItem]) -> None:
    """Whether the decision carries what it must, and the pictures were looked at. Raises Invalid."""
    _check_words(step, choice)
    _check_shown(choice, pictures)
    _check_boxes(choice, pictures)


def check_held(person: Person, candidate: Candidate, stage: str, sources: frozenset[str]) -> None:
    """Whether the candidate still waits, and this person holds it. A lease that is over holds until another takes it.
    Raises Conflict."""
    if candidate.state not in sources:
        raise Conflict(
            "already_decided",
            zh="该疑似已由他人处理",
            en=f"this candidate is {candidate.state} now; somebody was first",
        )
    if stage == "legal" and candidate.warning:
        raise Conflict(
            "warning_only",
            zh="规则试行期的预警不转案",
            en="this is a warning of a rule on trial: it never becomes a case",
        )
    mine = candidate.lease_by == person.id and candidate.lease_stage == stage
    if not mine and candidate.lease_until is not None and candidate.lease_until > utcnow():
        raise Conflict("held_by_other", zh="该疑似正由他人审核", en="somebody else holds this candidate")
    if not mine:
        raise Conflict(
            "not_held", zh="请先领取再作决定", en="take this candidate from the queue before deciding on it"
        )


def _check_words(step: Transition, choice: Choice) -> None:
    if "reason" in step.needs and choice.reason not in codes("reasons"):
        raise Invalid("reason_needed", zh="请选择一项剔除原因", en="give one of the fixed reasons")
    if "reason" not in step.needs and choice.reason is not None:
        raise Invalid(
            "reason_unwanted", zh="该结论不带剔除原因", en="this verdict takes no reason of rejection"
        )
    if "note" in step.needs and not choice.note.strip():
        raise Invalid("note_needed", zh="请写明退回理由", en="say in words why it is returned")
    if choice.type is not None and choice.verdict != "keep":
        raise Invalid(
            "type_unwanted",
            zh="只有保留时才能更正类型",
            en="the type is corrected only with the verdict keep; leave it out otherwise",
        )
    if choice.type is not None and choice.type not in codes("types"):
        raise Invalid("bad_type", zh=f"没有类型 {choice.type}", en=f"there is no type {choice.type}")


def _check_shown(choice: Choice, pictures: Sequence[EvidenceItem]) -> None:
    """The first and the latest picture were on screen. Pictures of a look after a notice are another matter's."""
    key = [item.id for item in pictures if item.role != "after"]
    seen: dict[int, int] = {}
    for entry in choice.shown:
        seen[entry["picture"]] = seen.get(entry["picture"], 0) + entry["ms"]
    if key and min(seen.get(key[0], 0), seen.get(key[-1], 0)) < LEAST_SHOWN_MS:
        raise Invalid(
            "not_shown",
            zh=f"请先查看首张和最新一张图片（各不少于 {LEAST_SHOWN_MS / 1000} 秒）再作决定",
            en=f"look at the first and the latest picture before deciding, {LEAST_SHOWN_MS} ms each at least",
        )


def _check_boxes(choice: Choice, pictures: Sequence[EvidenceItem]) -> None:
    """Corrected boxes lie on this candidate's own pictures, each picture once."""
    named = [entry["picture"] for entry in choice.boxes or ()]
    own = {item.id for item in pictures}
    if not own.issuperset(named) or len(set(named)) != len(named):
        raise Invalid(
            "bad_boxes",
            zh="更正框所在图片不属于该疑似，或重复",
            en="corrected boxes name a picture that is not this candidate's, or one twice",
        )
    if not all(_is_box(b["xyxy"]) for entry in choice.boxes or () for b in entry["boxes"]):
        raise Invalid(
            "bad_boxes",
            zh="更正框须为 0–1 的左、上、右、下，且左小于右、上小于下",
            en="a corrected box is left, top, right, bottom, 0-1, left before right, top above bottom",
        )


def _is_box(xyxy: Sequence[float]) -> bool:
    left, top, right, bottom = xyxy
    return 0 <= left < right <= 1 and 0 <= top < bottom <= 1
