"""``jiexun algorithm``: the warehouse (算法仓). Whoever acts is named with ``--as``; their role must allow it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from casework.algorithms import queries, service
from casework.algorithms.files import keep
from casework.algorithms.precision import precision
from casework.algorithms.scopes import Scope, holding
from casework.algorithms.shadow import Comparison
from casework.algorithms.shadow import compare as compare_
from casework.algorithms.tables import Algorithm, Assignment
from casework.algorithms.wilson import Share
from casework.db import Session, utcnow
from casework.errors import Conflict, Invalid, NotFound, Refused
from casework.hints import queries as hint_queries
from casework.hints import service as hint_service
from casework.people.queries import account_by_name
from casework.people.roles import may
from casework.people.service import Person, person_of
from casework.samples import queries as sample_queries
from jiexun.cli.common import AsJson, Home, say
from jiexun.house import open_house
from jiexun.warehouse import offers

algorithm = typer.Typer(
    no_args_is_help=True, help="The algorithm warehouse: versions and where they are used."
)
Which = Annotated[str, typer.Argument(help="Number, NAME@VERSION or model id, as 'list' shows them.")]
As = Annotated[str, typer.Option("--as", metavar="USER", help="The account that acts.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the act.")]
InScope = Annotated[
    str, typer.Option("--scope", metavar="SCOPE", help="district, group:NAME or device:CODE.")
]


def register(app: typer.Typer) -> None:
    """Add the group of commands."""
    app.add_typer(algorithm, name="algorithm")


def acting(session: Session, username: str, act: str) -> Person:
    """The person, if their role may do this. Raises NotFound, Refused."""
    account = account_by_name(session, username)
    if account is None or not account.active:
        raise NotFound("not_found", zh=f"没有用户 {username}", en=f"no account {username}")
    person = person_of(account)
    if not may(person.role, act):
        raise Refused(
            "not_your_role", zh="该角色无权进行此操作", en=f"a {person.role} may not do this ({act})"
        )
    return person


def scope_of(text: str) -> Scope:
    """From the command line; whether there is such a thing is checked later."""
    kind, _, target = text.partition(":")
    return Scope(kind, target)


@algorithm.command("list")
def list_(home: Home = None, as_json: AsJson = False) -> None:
    """All versions, and where each is used or runs in shadow."""
    with open_house(home) as house, house.database.read() as session:
        held: dict[int, list[Assignment]] = {}
        for one in queries.assignments(session):
            held.setdefault(one.algorithm_id, []).append(one)
        rows = [_row(r, held.get(r.id, [])) for r in queries.algorithms(session)]
    if as_json:
        say(rows, True)
    else:
        say(
            [{**r, "holds": ", ".join(f"{h['role']} in {h['scope']}" for h in r["holds"])} for r in rows],
            False,
        )


def _row(row: Algorithm, held: list[Assignment]) -> dict[str, Any]:
    return {
        "id": row.id,
        "algorithm": f"{row.name}@{row.version}",
        "model_id": row.model_id,
        "state": row.state,
        "added_by": row.added_by_name,
        "approved_by": row.approved_by_name,
        "holds": [_assignment(h) for h in held],
    }


def _assignment(row: Assignment) -> dict[str, Any]:
    return {
        "assignment": row.id,
        "algorithm": f"{row.algorithm.name}@{row.algorithm.version}",
        "role": row.role,
        "scope": str(Scope(row.scope, row.target)),
        "since": row.since.isoformat(),
    }


@algorithm.command()
def add(
    model: Annotated[str, typer.Argument(help="Name (of the newest listed), or model id, in weights/.")],
    user: As,
    reason: Reason,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Take a model of the weights folder into the warehouse; its file is copied."""
    with open_house(home) as house:
        offered = offers(house.settings)
        offer = next((o for o in offered if model in (o.name, o.model_id)), None)
        if offer is None:
            known = ", ".join(o.model_id for o in offered)
            raise NotFound(
                "not_found",
                zh=f"权重目录中没有 {model}",
                en=f"no model {model} in weights/; there are: {known}",
            )
        with house.database.read() as session:
            acting(session, user, "algorithm_steps")  # asked before the file is copied
        size = keep(house.settings.algorithms_dir, offer)
        with house.database.write() as session:
            row = service.add(session, acting(session, user, "algorithm_steps"), offer, size, reason)
    say(_row(row, []), as_json)


@algorithm.command()
def shadow(
    which: Which,
    user: As,
    reason: Reason,
    scope: InScope = "district",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Let a version run beside the one in use; it notes what it would raise."""
    _put(which, user, reason, scope, "shadow", home, as_json)


@algorithm.command()
def promote(
    which: Which,
    user: As,
    reason: Reason,
    scope: InScope = "district",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Use a version in a scope; every guard that does not hold is named."""
    _put(which, user, reason, scope, "active", home, as_json)


@algorithm.command()
def assign(
    which: Which,
    user: As,
    reason: Reason,
    role: Annotated[str, typer.Option("--role", help="active or shadow")] = "active",
    scope: InScope = "district",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Use a version in a further scope (the guards of a promotion hold there too), or let it run beside."""
    _put(which, user, reason, scope, role, home, as_json)


def _put(which: str, user: str, reason: str, scope: str, role: str, home: Path | None, as_json: bool) -> None:
    acts = {"active": service.promote, "shadow": service.shadow}
    if role not in acts:
        raise Invalid("bad_role", zh="--role 只能是 active 或 shadow", en="--role is active or shadow")
    with open_house(home) as house, house.database.write() as session:
        row = queries.algorithm_named(session, which)
        person = acting(session, user, "algorithm_steps")
        done = acts[role](session, person, row.id, scope_of(scope), reason)
        told = _assignment(done)
    say(told, as_json)


@algorithm.command("record-evaluation")
def record_evaluation(
    which: Which,
    file: Annotated[Path, typer.Argument(help="What 'jiexun model evaluate … --json' printed.")],
    user: As,
    dataset: Annotated[str, typer.Option("--dataset", help="What people call the data set.")] = "keep-set",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Keep the figures of a version on a keep-set; a promotion compares them with those of the version in use."""
    try:
        figures = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise Invalid(
            "bad_evaluation", zh=f"无法读取 {file}", en=f"{file} cannot be read as JSON: {error}"
        ) from error
    with open_house(home) as house, house.database.write() as session:
        row = queries.algorithm_named(session, which)
        person = acting(session, user, "algorithm_steps")
        kept = service.record_evaluation(session, person, row.id, service.Evaluated(dataset, figures))
        told = {
            "algorithm": f"{row.name}@{row.version}",
            "dataset": kept.dataset,
            "split": kept.split,
            "dataset_sha256": kept.dataset_sha256,
        }
    say(told, as_json)


@algorithm.command()
def rollback(
    user: As, reason: Reason, scope: InScope = "district", home: Home = None, as_json: AsJson = False
) -> None:
    """Withdraw the version in use in a scope and restore the one before it; the next footage uses it."""
    with open_house(home) as house, house.database.write() as session:
        where = scope_of(scope)
        current = holding(session, where)
        if current is None:
            raise Conflict(
                "not_in_use", zh="该范围没有自己的版本", en=f"nothing is assigned to {where} itself"
            )
        restored = service.rollback(session, acting(session, user, "algorithm_steps"), current.id, reason)
        told = {
            "withdrawn": f"{current.algorithm.name}@{current.algorithm.version}",
            "now": _assignment(restored) if restored else None,
        }
    say(told, as_json)


@algorithm.command()
def retire(which: Which, user: As, reason: Reason, home: Home = None, as_json: AsJson = False) -> None:
    """Put a version away that is used nowhere; its shadow runs end."""
    with open_house(home) as house, house.database.write() as session:
        row = queries.algorithm_named(session, which)
        service.retire(session, acting(session, user, "algorithm_steps"), row.id, reason)
        told = _row(row, [])
    say(told, as_json)


@algorithm.command()
def compare(which: Which, home: Home = None, as_json: AsJson = False) -> None:
    """A version's shadow runs against what was raised, and people's decisions on that."""
    with open_house(home) as house, house.database.read() as session:
        found = compare_(session, queries.algorithm_named(session, which).id)
    rows = [_compared(r) for r in (found.total, *found.by_type)]
    if as_json:
        say({"footage": found.footage, "looks": found.looks, "faults": found.faults, "rows": rows}, True)
    else:
        say([{**r, "found": _text(r["found"]), "repeated": _text(r["repeated"])} for r in rows], False)


def _compared(row: Comparison) -> dict[str, Any]:
    return {**asdict(row), "found": asdict(row.found), "repeated": asdict(row.repeated)}


def _text(share: dict[str, Any]) -> str:
    found = Share(**share)
    return "—" if found.value is None else f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


@algorithm.command("precision")
def precision_(
    user: As,
    which: Annotated[str | None, typer.Argument(help="One version; none: all.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Precision from decisions: by version, type, camera and hour (Asia/Shanghai), Wilson 95 % intervals."""
    with open_house(home) as house, house.database.read() as session:
        person = acting(session, user, "algorithms")
        model = queries.algorithm_named(session, which).model_id if which else None
        rows = [asdict(r) for r in precision(session, person, model)]
    say(rows if as_json else [{**r, "precision": _text(r["precision"])} for r in rows], as_json)


@algorithm.command()
def sample(
    user: As,
    which: Annotated[str | None, typer.Argument(help="One version; none: all.")] = None,
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """The estimate of misses from labelled samples, and how many wait; labelling is done on the page."""
    with open_house(home) as house, house.database.read() as session:
        person = acting(session, user, "algorithms")
        model = queries.algorithm_named(session, which).model_id if which else None
        found = sample_queries.estimate(session, model)
        waiting = sample_queries.waiting_count(session, person, model)
    if as_json:
        say({**asdict(found), "waiting": waiting}, True)
    else:
        say(
            [
                {
                    "type": m.type or "any",
                    "labelled": m.labelled,
                    "missed": m.missed,
                    "share": _text(asdict(m.per_1000)),
                }
                for m in found.types
            ],
            False,
        )


@algorithm.command()
def hints(
    user: As,
    accept: Annotated[str | None, typer.Option("--accept", metavar="KEY")] = None,
    dismiss: Annotated[str | None, typer.Option("--dismiss", metavar="KEY")] = None,
    reason: Annotated[str, typer.Option("--reason")] = "",
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Cameras and places with repeated false candidates; --accept or --dismiss one. Nothing is changed by it."""
    with open_house(home) as house, house.database.write() as session:
        for key, verdict in ((accept, "accept"), (dismiss, "dismiss")):
            if key is not None:
                person = acting(session, user, "algorithm_steps")
                hint_service.decide(session, person, key, verdict, None, reason)
        rows = [
            {
                "key": h.key,
                "device": h.device.code,
                "type": h.type,
                "rejected": h.rejected,
                "confirmed": h.confirmed,
                "reasons": h.reasons,
                "cure": h.cure,
            }
            for h in hint_queries.hints(session, acting(session, user, "algorithms"), utcnow())
        ]
    say(rows, as_json)
