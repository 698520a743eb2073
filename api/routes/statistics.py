"""The month's figures, the list behind each, the sheet."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from api import present
from api.access import Ctx, Needs
from api.problems import speaks_english
from api.schemas.statistics import FigureList, FigureOut, StatisticsOut, StatisticsRow
from casework.candidates.queries import count_by_footage
from casework.db import Session, utcnow
from casework.errors import Invalid, not_found
from casework.people.service import Person
from casework.places.queries import squads
from casework.statistics import queries
from casework.statistics.figures import Month, figure, figures, month_of
from casework.statistics.sheet import sheet as make_sheet
from casework.words import codes, words

router = APIRouter(tags=["statistics"])
Reader = Annotated[Person, Depends(Needs("statistics"))]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _rows(session: Session, person: Person, month: Month) -> list[queries.Row]:
    own = [s for s in squads(session) if person.squad_id in (None, s.id)]
    return queries.rows(session, person, month, own, [w.code for w in words("types")])


@router.get("/statistics/{month}", operation_id="statistics")
def statistics(month: str, ctx: Ctx, person: Reader) -> StatisticsOut:
    """The month's table."""
    span = month_of(month)
    with ctx.database.read() as session:
        rows = _rows(session, person, span)
        known = queries.months_with_records(session)
    return StatisticsOut(
        month=span.name,
        generated_at=utcnow(),
        complete=span.end <= utcnow(),
        figures=[
            FigureOut(
                code=f.code,
                zh=f.zh,
                en=f.en,
                date=f.date,
                unit=f.unit,
                formula_zh=f.formula_zh,
                formula_en=f.formula_en,
            )
            for f in figures()
        ],
        rows=[
            StatisticsRow(
                squad=present.named(r.squad),
                type=r.type,
                figures=r.figures,
                rejected_by_reason=r.rejected_by_reason,
            )
            for r in rows
        ],
        months=known,
    )


@router.get("/statistics/{month}/list", operation_id="figureList")
def figure_list(
    month: str,
    figure_code: Annotated[str, Query(alias="figure")],
    ctx: Ctx,
    person: Reader,
    squad: str | None = None,
    type: str | None = None,
    reason: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 50,
) -> FigureList:
    """Exactly what a number counts."""
    item, span = figure(figure_code), month_of(month)
    if type is not None and type not in codes("types"):
        raise Invalid("no_type", zh=f"没有类型 {type}", en=f"no type {type}")
    if type is not None and item.source == "looks":
        raise Invalid("no_type", zh=f"{item.zh}不分类型", en=f"{item.en} have no type: one serves all types")
    if reason is not None and item.code != "rejected":
        raise Invalid("no_reason", zh="只有剔除的疑似才有原因", en="only rejected candidates have a reason")
    with ctx.database.read() as session:
        squad_id = person.squad_id
        if squad is not None:
            chosen = next(
                (s for s in squads(session) if s.code == squad and person.squad_id in (None, s.id)), None
            )
            if chosen is None:
                raise not_found("squad", "中队", squad)
            squad_id = chosen.id
        cell = queries.Cell(item, span, squad_id, type, reason)
        out = FigureList(figure=item.code, kind="candidates", total=0, sum=0, page=page, size=size)
        if item.source == "looks":
            footage, out.total, out.sum = queries.footage_in(session, cell, page, size)
            counts = count_by_footage(session, [f.id for f, _ in footage])
            out.kind, out.footage = (
                "footage",
                [present.footage(f, counts.get(f.id, 0), n) for f, n in footage],
            )
        elif item.source == "cases":
            cases, out.total, out.sum = queries.cases_in(session, cell, page, size)
            out.kind, out.cases = "cases", [present.case_brief(c) for c in cases]
            out.sum = out.sum if item.sum else out.total
        else:
            found, out.total = queries.candidates_in(session, cell, page, size)
            out.candidates, out.sum = present.candidate_briefs(session, person, found), out.total
    return out


@router.get("/statistics/{month}/sheet", operation_id="sheet", response_class=Response)
def sheet(month: str, request: Request, ctx: Ctx, person: Reader) -> Response:
    """The month as XLSX."""
    span = month_of(month)
    with ctx.database.read() as session:
        data = make_sheet(span, _rows(session, person, span), zh=not speaks_english(request))
    name = quote(f"非现场案件月报-{span.name}.xlsx")
    return Response(
        data, media_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )
