"""What reviewers said in the first stage, with what later turned out: the rows that figures of quality are made of.

What turned out (``upheld``), one for each decision:
- kept: the next decision of a later stage. A senior's keep or legal's acceptance upholds it, a senior's rejection or a
  return by legal does not; until then nothing is known. All that was kept comes there, so that nothing is chosen.
- rejected: only of random second looks, so that what is known stands for all: both rejected, or the senior did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from casework.candidates.queries import in_scope
from casework.candidates.tables import Candidate
from casework.devices.tables import Device
from casework.people.service import Person
from casework.review.quality_rules import rules
from casework.review.quality_tables import PlantedItem, PlantedLook, SecondLook
from casework.review.queries import counted
from casework.review.second import JUDGES
from casework.review.tables import Decision
from casework.statistics.figures import SHANGHAI

FIRST = "first"
MUST_SEE = 2
"""Pictures that must be looked at: the first and the latest."""
_COLUMNS = (
    Decision.id,
    Decision.account_id,
    Decision.candidate_id,
    Decision.verdict,
    Decision.reason,
    Decision.decided_at,
    Decision.seconds,
    Decision.shown,
    Decision.batch,
)
"""No whole rows: of a month there are hundreds of thousands."""
_UPHOLDS = {("senior", "keep"): "keep", ("senior", "reject"): "reject", ("legal", "accept"): "keep"}
_UPHOLDS[("legal", "return")] = "return"  # upholds nothing


@dataclass(frozen=True, slots=True)
class Said:
    """One decision of the first stage, or an answer to a planted item (``known``: its right verdict).

    other: the other's verdict where the two looked by a random second look and both said yes or no; look: its number.
    upheld: none where nobody knows yet. hasty: see ``hasty``.
    """

    account: int
    candidate: int
    verdict: str
    reason: str | None
    type: str
    device: str
    at: datetime
    seconds: float
    hasty: bool | None
    known: str | None = None
    other: str | None = None
    look: int | None = None
    upheld: bool | None = None

    @property
    def hour(self) -> int:
        """Of the day on which it was decided, Asia/Shanghai."""
        return self.at.astimezone(SHANGHAI).hour


def hasty(shown: Sequence[dict[str, Any]], seconds: float, picture_ms: int) -> bool | None:
    """Whether it was decided faster than the pictures could be seen; none where there was no picture. shown: as in
    ``Decision``."""
    on_screen: dict[Any, int] = {}
    for entry in shown:
        on_screen[entry["picture"]] = on_screen.get(entry["picture"], 0) + entry["ms"]
    if not on_screen:
        return None
    longest = sorted(on_screen.values(), reverse=True)[:MUST_SEE]
    return longest[-1] < picture_ms or seconds * 1000 < picture_ms * len(longest)


def said_between(
    session: Session,
    viewer: Person | None,
    since: datetime,
    until: datetime,
    accounts: Collection[int] | None = None,
) -> list[Said]:
    """All that was said in a span (half-open) on candidates in the viewer's scope (none: all), by people (none: all).
    Five queries, however many decisions."""
    return [
        *_decided(session, viewer, since, until, accounts),
        *_answered(session, viewer, since, until, accounts),
    ]


def _decided(
    session: Session,
    viewer: Person | None,
    since: datetime,
    until: datetime,
    accounts: Collection[int] | None,
) -> Iterator[Said]:
    within = (Decision.stage == FIRST, Decision.decided_at >= since, Decision.decided_at < until, counted())
    query: Any = (
        select(*_COLUMNS, Candidate.type, Device.code)
        .join(Candidate, Candidate.id == Decision.candidate_id)
        .join(Device, Device.id == Candidate.device_id)
        .where(*within)
        .order_by(Decision.id)
    )
    rows = session.execute(_narrow(query, viewer, Decision.account_id, accounts)).all()
    mine = select(Decision.candidate_id).where(*within)
    if accounts is not None:
        mine = mine.where(Decision.account_id.in_(accounts))
    looks = _looks(session, since, until)
    later: dict[int, list[tuple[int, str]]] = {}
    for number, candidate, stage, verdict in session.execute(
        select(Decision.id, Decision.candidate_id, Decision.stage, Decision.verdict)
        .where(Decision.stage != FIRST, counted(), Decision.candidate_id.in_(mine))
        .order_by(Decision.id)
    ):
        later.setdefault(candidate, []).append((number, _UPHOLDS[stage, verdict]))
    for number, account, candidate, verdict, reason, at, seconds, shown, batch, kind, device in rows:
        look = looks.get(number)
        chosen = next((v for n, v in later.get(candidate, ()) if n > number), None)
        yield Said(
            account=account,
            candidate=candidate,
            verdict=verdict,
            reason=reason,
            type=kind,
            device=device,
            at=at,
            seconds=seconds,
            # Of a group many are on screen at once: then only how long each was there says something.
            hasty=hasty(shown, seconds if batch is None else inf, rules().haste_picture_ms),
            other=_other(look, number) if look is not None else None,
            look=look.id if look is not None else None,
            upheld=_upheld(verdict, look, chosen),
        )


def _upheld(verdict: str, look: SecondLook | None, later: str | None) -> bool | None:
    if verdict == "keep":
        return None if later is None else later == "keep"
    if verdict != "reject" or look is None:
        return None
    return True if look.agreed else None if later is None else later == "reject"


def _other(look: SecondLook, decision: int) -> str | None:
    both = {look.first_verdict, look.second_verdict}
    if not JUDGES.issuperset(both):
        return None
    return look.second_verdict if look.first_id == decision else look.first_verdict


def _looks(session: Session, since: datetime, until: datetime) -> dict[int, SecondLook]:
    """Number of each of the two decisions -> their random second look, of those that were given."""
    query = select(SecondLook).where(
        SecondLook.because == "random",
        SecondLook.voided_at.is_(None),
        SecondLook.second_id.is_not(None),
        or_(SecondLook.drawn_at.between(since, until), SecondLook.settled_at.between(since, until)),
    )
    found: dict[int, SecondLook] = {}
    for look in session.scalars(query):
        assert look.second_id is not None
        found[look.first_id] = found[look.second_id] = look
    return found


def _answered(
    session: Session,
    viewer: Person | None,
    since: datetime,
    until: datetime,
    accounts: Collection[int] | None,
) -> Iterator[Said]:
    query: Any = (
        select(PlantedLook, PlantedItem.verdict, Candidate.type, Device.code)
        .join(PlantedItem, PlantedItem.id == PlantedLook.item_id)
        .join(Candidate, Candidate.id == PlantedLook.candidate_id)
        .join(Device, Device.id == Candidate.device_id)
        .where(
            PlantedLook.decided_at >= since, PlantedLook.decided_at < until, PlantedLook.undone_at.is_(None)
        )
        .order_by(PlantedLook.id)
    )
    for look, known, kind, device in session.execute(
        _narrow(query, viewer, PlantedLook.account_id, accounts)
    ):
        yield Said(
            account=look.account_id,
            candidate=look.candidate_id,
            verdict=look.verdict,
            reason=look.reason,
            type=kind,
            device=device,
            at=look.decided_at,
            seconds=look.seconds,
            hasty=hasty(look.shown, look.seconds, rules().haste_picture_ms),
            known=known,
        )


def _narrow(
    query: Select[Any], viewer: Person | None, account: Any, accounts: Collection[int] | None
) -> Select[Any]:
    if viewer is not None:
        query = in_scope(query, viewer)
    return query if accounts is None else query.where(account.in_(accounts))
