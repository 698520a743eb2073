"""``jiexun bench review``: what the review queue costs, nearly empty and very full, alone and with many people."""

from __future__ import annotations

import queue
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any, TypeVar

import numpy as np
import typer

from api import present
from api.schemas.candidates import Candidate
from casework import schema
from casework.candidates import queries as candidates
from casework.candidates.queries import Filter
from casework.db import Database
from casework.people.service import Person
from casework.review import service
from casework.review.counts import Counts
from casework.review.quality_rules import use, without_draws
from casework.review.rehearsal import decided, fill, statements
from jiexun.cli.bench import bench
from jiexun.cli.common import AsJson, say

T = TypeVar("T")
ALONE = 200
"""Candidates that one person takes and decides on for the times."""
WARM = 3
TAKINGS = 9
AT_ONCE = 16
"""Requests that one server works on at the same time."""
NOWHERE: dict[str, Any] = {
    "squad": "S-none",
    "street": "T-none",
    "type": "none",
    "device": "Q-none",
    "algorithm": "none",
}


def register(app: typer.Typer) -> None:
    """Add the command to the group ``bench``."""
    bench.command("review")(review)


def review(
    candidates: Annotated[int, typer.Option("--candidates", min=1000, max=5_000_000)] = 10_000,
    reviewers: Annotated[int, typer.Option("--reviewers", min=1, max=1000, help="At the same time.")] = 200,
    decisions: Annotated[
        int, typer.Option("--decisions", min=0, help="By all reviewers together; at most what waits.")
    ] = 10_000,
    database: Annotated[
        str | None,
        typer.Option(
            "--database", help="Address of an empty database (default: SQLite in a temporary folder)."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Milliseconds to the next candidate and to decide, queries for each, and whether many at once double or lose one.

    "Next" is what the page waits for: taking, counting what waits, and all of the candidate.
    """
    use(without_draws())  # so that each candidate is to be decided once
    with tempfile.TemporaryDirectory(prefix="jiexun-bench-", ignore_cleanup_errors=True) as folder:
        opened = Database(database or f"sqlite:///{Path(folder) / 'queue.db'}")
        try:
            schema.upgrade(opened)
            begun = time.perf_counter()
            people = fill(opened, candidates, reviewers + 1)
            filled = time.perf_counter() - begun
            desk = Desk(opened)
            made = {
                "candidates": candidates,
                "backend": opened.engine.dialect.name,
                "fill_s": round(filled, 1),
            }
            made |= _alone(desk, people[0]) | _filters(desk, people[0])
            made |= _together(desk, people[1:], min(decisions, candidates - ALONE - WARM))
        finally:
            opened.close()
    say(made, as_json)


class Desk:
    """What a server does for one page, without HTTP."""

    def __init__(self, database: Database) -> None:
        self.database, self.counts = database, Counts()

    def next(self, person: Person, want: Filter) -> Candidate | None:
        """Take the next; the whole candidate as the page gets it."""
        with self.database.write() as session:
            row, _until = service.take_next(session, person, "first", want)
        self.counts.queue(self.database, person, "first", want)
        if row is None:
            return None
        with self.database.read() as session:
            return present.candidate(session, person, candidates.candidate(session, person, row.id))

    def decide(self, person: Person, about: Candidate) -> None:
        """Reject it, having seen its pictures."""
        shown = [{"picture": picture.id, "ms": 400} for picture in about.pictures]
        choice = service.Choice(
            "first", "reject", f"{person.username}:{about.id}", "not_the_thing", shown=shown
        )
        with self.database.write() as session:
            service.decide(session, person, about.id, choice)


def _alone(desk: Desk, person: Person) -> dict[str, Any]:
    took: dict[str, list[float]] = {"next": [], "decide": [], "next_cpu": [], "decide_cpu": []}
    sent: dict[str, list[int]] = {"next": [], "decide": []}
    for number in range(ALONE + WARM):
        with statements(desk.database) as told:
            ms, about, cpu = _timed(lambda: desk.next(person, Filter()))
        assert about is not None
        with statements(desk.database) as told_too:
            ms_too, _, cpu_too = _timed(lambda about=about: desk.decide(person, about))  # type: ignore[misc]
        if number >= WARM:  # the first compile statements, and count the queue for the first time
            for name, one, own, queries in (("next", ms, cpu, told), ("decide", ms_too, cpu_too, told_too)):
                took[name].append(one)
                took[f"{name}_cpu"].append(own)
                sent[name].append(len(queries))
    figures = {
        f"{name}_p{p}_ms": round(float(np.percentile(took[name], p)), 1) for name in took for p in (50, 95)
    }
    return figures | {f"queries_per_{name}": max(sent[name]) for name in sent}


def _filters(desk: Desk, person: Person) -> dict[str, Any]:
    """Median of some takings each, where something and where nothing matches."""
    some: dict[str, Any] = {
        "squad": "S-3",
        "street": "T-33",
        "type": "stall",
        "device": "Q-0077",
        "algorithm": "model-2",
    }
    wants = {f"{name}={value}": Filter(**{name: value}) for name, value in some.items()}
    wants |= {f"{name}=nothing": Filter(**{name: value}) for name, value in NOWHERE.items()}
    # Each camera's squad and street follow from its number: together these match nothing.
    wants["squad+type+device=nothing"] = Filter(squad="S-3", type="stall", device="Q-0077")
    wants["street+squad=nothing"] = Filter(squad="S-3", street="T-33")
    wants["type+algorithm"] = Filter(type="stall", algorithm="model-2")
    found = {}
    for name, want in wants.items():
        times = []
        for _ in range(TAKINGS):
            with desk.database.write() as session:
                ms, (row, _until), _cpu = _timed(
                    lambda session=session, want=want: service.take_next(session, person, "first", want)  # type: ignore[misc]
                )
                if row is not None:
                    service.release(session, person, row.id)
            times.append(ms)
        found[name] = round(float(np.median(times)), 1)
    return {"filters_ms": found}


def _together(desk: Desk, people: list[Person], target: int) -> dict[str, Any]:
    """All people at once, until so many were decided; ``AT_ONCE`` requests at a time."""
    before, _ = decided(desk.database)
    waiting: queue.Queue[tuple[Person, Candidate | None]] = queue.Queue()
    for person in people:
        waiting.put((person, None))
    done: list[int] = []  # appending is atomic
    took: list[float] = []

    def work() -> None:
        while len(done) < target:
            try:
                person, held = waiting.get(timeout=0.05)
            except queue.Empty:
                continue
            if held is None:
                ms, about, _cpu = _timed(lambda: desk.next(person, Filter()))  # noqa: B023
                took.append(ms)
                if about is not None:
                    waiting.put((person, about))
            else:
                desk.decide(person, held)
                done.append(held.id)
                waiting.put((person, None))

    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for future in [pool.submit(work) for _ in range(AT_ONCE)]:
            future.result()
    seconds = time.perf_counter() - begun
    after, doubled = decided(desk.database)
    return {
        "reviewers": len(people),
        "decided": after - before,
        "acknowledged": len(done),
        "doubled": doubled + len(done) - len(set(done)),
        "lost": len(done) - (after - before),
        "together_s": round(seconds, 1),
        "decisions_per_s": round(len(done) / seconds, 1) if seconds else 0.0,
        "together_next_p95_ms": round(float(np.percentile(took, 95)), 1) if took else 0.0,
    }


def _timed(act: Callable[[], T]) -> tuple[float, T, float]:
    """Milliseconds, the answer, and milliseconds that this thread computed: on a busy machine the fairer figure."""
    begun, own = time.perf_counter(), time.thread_time()
    value = act()
    return (time.perf_counter() - begun) * 1000, value, (time.thread_time() - own) * 1000
