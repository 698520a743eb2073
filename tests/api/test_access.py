"""Who may call what: every endpoint against every role, by a table written out by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

from api.access import DeviceOnly, Needs, Public
from casework.devices.queries import device_by_code
from casework.people.roles import Role
from tests.api.office import PEOPLE, Caller, Office
from tests.cameras import a_plan, a_stream

REVIEWER, LEGAL, OFFICER, LEADER, STATISTICIAN, AUDITOR, ADMIN = (r.value for r in PEOPLE)
EVERYBODY = {r.value for r in PEOPLE}
READERS = EVERYBODY - {ADMIN}
CASES = {LEGAL, OFFICER, LEADER, STATISTICIAN, AUDITOR}
FIGURES = {LEGAL, LEADER, STATISTICIAN, AUDITOR}
WAREHOUSE = {LEGAL, STATISTICIAN, AUDITOR, ADMIN}
KEEPERS = {STATISTICIAN, ADMIN}
OVERSEERS = {LEADER, STATISTICIAN, AUDITOR}
PUBLIC, DEVICE = "anybody", "a device's key"

# Method and path -> who may: roles, or PUBLIC, or DEVICE. Written by hand from DOMAIN section 1; a new endpoint fails
# here until somebody has thought about who may call it.
WHO: dict[tuple[str, str], set[str] | str] = {
    ("GET", "/api/health"): PUBLIC,
    ("GET", "/api/ready"): PUBLIC,
    ("GET", "/api/metrics"): PUBLIC,  # and a token of the settings, see test_health
    ("GET", "/api/openapi.json"): PUBLIC,
    ("POST", "/api/session"): PUBLIC,
    ("GET", "/api/session"): EVERYBODY,
    ("DELETE", "/api/session"): EVERYBODY,
    ("GET", "/api/accounts"): {ADMIN},
    ("POST", "/api/accounts"): {ADMIN},
    ("GET", "/api/audit"): {AUDITOR},
    ("GET", "/api/queue"): READERS,
    ("POST", "/api/queue/next"): READERS,
    ("GET", "/api/queue/recent"): READERS,
    ("GET", "/api/queue/events"): READERS,
    ("GET", "/api/queue/groups"): READERS,
    ("POST", "/api/queue/groups/{id}/take"): READERS,
    ("POST", "/api/queue/groups/{id}/decide"): READERS,
    ("POST", "/api/queue/groups/{id}/release"): READERS,
    ("POST", "/api/candidates/{id}/renew"): READERS,
    ("POST", "/api/decisions/{id}/undo"): READERS,
    ("GET", "/api/review/quality"): {REVIEWER},
    ("GET", "/api/review/quality/people"): OVERSEERS,
    ("GET", "/api/review/quality/{account}"): OVERSEERS,
    ("GET", "/api/review/planted"): OVERSEERS,
    ("POST", "/api/review/planted"): OVERSEERS,
    ("DELETE", "/api/review/planted/{id}"): OVERSEERS,
    ("GET", "/api/candidates/{id}/completeness"): READERS
    - {REVIEWER},  # a reviewer would learn of a second look
    ("GET", "/api/candidates"): READERS,
    ("GET", "/api/candidates/{id}"): READERS,
    ("POST", "/api/candidates/{id}/decisions"): READERS,
    ("POST", "/api/candidates/{id}/release"): READERS,
    ("GET", "/api/evidence/{id}"): READERS,
    ("POST", "/api/evidence/{id}/unblur"): {REVIEWER, LEGAL, OFFICER, LEADER, AUDITOR},
    ("GET", "/api/cases"): CASES,
    ("GET", "/api/cases/{id}"): CASES,
    ("POST", "/api/cases/{id}/steps"): {LEGAL, OFFICER, LEADER},
    ("GET", "/api/statistics/{month}"): FIGURES,
    ("GET", "/api/statistics/{month}/list"): FIGURES,
    ("GET", "/api/statistics/{month}/sheet"): FIGURES,
    ("GET", "/api/reference"): EVERYBODY,
    ("GET", "/api/devices"): EVERYBODY,
    ("GET", "/api/devices/names"): EVERYBODY,
    ("GET", "/api/devices/{code}"): EVERYBODY,
    ("GET", "/api/camera-conditions"): EVERYBODY,
    ("GET", "/api/devices/{code}/conditions/{id}/picture"): EVERYBODY,
    ("GET", "/api/devices/{code}/span"): {LEADER},
    ("POST", "/api/devices/{code}/withdraw"): {LEADER},
    ("POST", "/api/devices/{code}/restore"): {LEADER},
    ("GET", "/api/devices/{code}/picture"): EVERYBODY,
    ("PUT", "/api/devices/{code}/picture"): {STATISTICIAN, ADMIN},
    ("POST", "/api/devices/{code}/picture"): {STATISTICIAN, ADMIN},
    ("GET", "/api/devices/{code}/pictures"): EVERYBODY,
    ("GET", "/api/zones/{scope}"): EVERYBODY,
    ("PUT", "/api/zones/{scope}"): {STATISTICIAN, ADMIN},
    ("GET", "/api/zones/{scope}/revisions"): EVERYBODY,
    ("GET", "/api/zones/{scope}/geojson"): EVERYBODY,
    ("POST", "/api/zones/{scope}/geojson"): {STATISTICIAN, ADMIN},
    ("POST", "/api/calendars"): EVERYBODY,
    ("GET", "/api/footage"): EVERYBODY,
    ("GET", "/api/map"): EVERYBODY,
    ("GET", "/api/map/devices"): EVERYBODY,
    ("GET", "/api/algorithms"): WAREHOUSE,
    ("POST", "/api/algorithms"): KEEPERS,
    ("GET", "/api/algorithms/{id}"): WAREHOUSE,
    ("GET", "/api/algorithms/{id}/guards"): WAREHOUSE,
    ("POST", "/api/algorithms/{id}/evaluations"): KEEPERS,
    ("POST", "/api/algorithms/{id}/steps"): KEEPERS,
    ("POST", "/api/assignments/{id}/rollback"): KEEPERS,
    ("POST", "/api/assignments/{id}/end"): KEEPERS,
    ("GET", "/api/shadow-findings/{id}/picture"): READERS,
    ("GET", "/api/samples/estimate"): WAREHOUSE,
    ("POST", "/api/samples/next"): {REVIEWER},
    ("POST", "/api/samples/{id}/label"): {REVIEWER},
    ("GET", "/api/samples/{id}/picture"): {REVIEWER},
    ("GET", "/api/hints"): WAREHOUSE,
    ("POST", "/api/hints/decisions"): KEEPERS,
    ("GET", "/api/rules"): EVERYBODY,
    ("GET", "/api/rules/{version}"): EVERYBODY,
    ("POST", "/api/rules"): KEEPERS,
    ("POST", "/api/rules/preview"): KEEPERS,
    ("GET", "/api/candidates/{id}/merge-choices"): {REVIEWER, LEADER},
    ("POST", "/api/candidates/{id}/merge"): {REVIEWER, LEADER},
    ("POST", "/api/candidates/{id}/unmerge"): {REVIEWER, LEADER},
    ("POST", "/api/candidates/{id}/split"): {REVIEWER, LEADER},
    ("POST", "/api/candidates/{id}/restore"): {REVIEWER, LEADER},
    ("GET", "/api/fixtures"): READERS,
    ("POST", "/api/fixtures"): {REVIEWER, LEADER},
    ("POST", "/api/fixtures/{id}/expire"): {REVIEWER, LEADER},
    ("GET", "/api/watches"): READERS,
    ("POST", "/api/watches"): {LEGAL, OFFICER, LEADER},
    ("OPTIONS", "/api/uploads"): PUBLIC,
    ("POST", "/api/uploads"): DEVICE,
    ("HEAD", "/api/uploads/{id}"): DEVICE,
    ("PATCH", "/api/uploads/{id}"): DEVICE,
    ("DELETE", "/api/uploads/{id}"): DEVICE,
    ("POST", "/api/uploads/{id}"): DEVICE,
    ("GET", "/api/vehicles"): EVERYBODY,
    ("GET", "/api/vehicles/{code}/days/{day}"): EVERYBODY,
    ("GET", "/api/vehicles/{code}/uploads"): EVERYBODY,
    ("GET", "/api/cameras"): EVERYBODY,
    ("GET", "/api/cameras/{code}"): EVERYBODY,
    ("POST", "/api/cameras/{code}/active"): KEEPERS,
    ("POST", "/api/cameras/{code}/test"): KEEPERS,
    ("POST", "/api/camera-inventory"): KEEPERS,
    ("GET", "/api/plans"): EVERYBODY,
    ("GET", "/api/plans/{code}/versions"): EVERYBODY,
    ("PUT", "/api/plans/{code}"): KEEPERS,
    ("POST", "/api/plans/{code}/trial"): KEEPERS,
    ("PUT", "/api/look-budget"): KEEPERS,
    ("GET", "/api/operations"): EVERYBODY,
    ("GET", "/api/{path:path}"): PUBLIC,  # "no such endpoint"
    ("GET", "/{path:path}"): PUBLIC,  # the page's files
}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
DECLARATIONS = (Needs, DeviceOnly, Public)
# FastAPI's own route: the document says nothing that the page's code does not.
WITHOUT_DECLARATION = {("GET", "/api/openapi.json")}


def routes(app: FastAPI) -> Iterator[tuple[str, str, RouteContext]]:
    """(method, path, route) of everything that can be called; what is no HTTP route has the method "?"."""
    for route in iter_route_contexts(app.routes):
        methods = getattr(route, "methods", None) or {"?"}
        for method in sorted(methods - {"HEAD"} if "GET" in methods else methods):
            yield method, getattr(route, "path", "?"), route


def declared(route: RouteContext) -> list[Any]:
    """What a route says of who may call it, in its dependencies and theirs."""
    whole = getattr(route, "dependant", None)
    found, open_ = [], [whole] if whole is not None else []
    while open_:
        here = open_.pop()
        if isinstance(here.call, DECLARATIONS):
            found.append(here.call)
        open_ += here.dependencies
    return found


def undeclared(app: FastAPI) -> list[tuple[str, str]]:
    """Endpoints that do not say, or say more than one thing."""
    return [
        (method, path)
        for method, path, route in routes(app)
        if len(declared(route)) != 1 and (method, path) not in WITHOUT_DECLARATION
    ]


def test_every_endpoint_says_who_may_call_it(office: Office) -> None:
    assert undeclared(office.app) == []


def test_an_endpoint_that_does_not_say_is_found(office: Office) -> None:
    """The test above can fail: one endpoint without a word, one with two, are added to the same application."""
    router = APIRouter()

    @router.get("/silent")
    def silent() -> None:
        return None

    @router.get("/torn", dependencies=[Depends(Public())])
    def torn(person: Annotated[object, Depends(Needs("cases"))]) -> None:
        return None

    office.app.include_router(router, prefix="/api")
    assert undeclared(office.app) == [("GET", "/api/silent"), ("GET", "/api/torn")]


def test_the_table_names_every_endpoint_and_no_other(office: Office) -> None:
    assert {(method, path) for method, path, _ in routes(office.app)} == set(WHO)


def test_what_an_endpoint_says_is_what_the_table_says(office: Office) -> None:
    for method, path, route in routes(office.app):
        who = WHO[method, path]
        for said in declared(route):
            expected = {PUBLIC: Public, DEVICE: DeviceOnly}.get(who, Needs) if isinstance(who, str) else Needs
            assert type(said) is expected, (method, path)


def test_an_act_that_no_role_has_fails_when_the_endpoint_is_made() -> None:
    with pytest.raises(KeyError, match="no act fly"):
        Needs("fly")


# Called for real -------------------------------------------------------------------------------------

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/accounts"): {
        "username": "new", "display_name": "新", "role": "reviewer", "password": "a long password",
    },
    ("POST", "/api/queue/next"): {"stage": "first"},
    ("POST", "/api/review/planted"): {"candidate": 1, "verdict": "keep"},
    ("POST", "/api/queue/groups/{id}/take"): {"stage": "first"},
    ("POST", "/api/queue/groups/{id}/decide"): {
        "key": "0123456789", "verdict": "keep", "members": [{"id": 1}],
    },
    ("POST", "/api/decisions/{id}/undo"): {"key": "0123456789"},
    ("POST", "/api/rules"): {"text": "[[rule]]", "reason": "r"},
    ("POST", "/api/rules/preview"): {
        "text": "[[rule]]", "since": "2026-10-12T00:00:00Z", "until": "2026-10-13T00:00:00Z",
    },
    ("POST", "/api/devices/{code}/withdraw"): {
        "since": "2026-10-12T00:00:00Z", "until": "2026-10-13T00:00:00Z", "reason": "r", "count": 1,
    },
    ("POST", "/api/devices/{code}/restore"): {
        "since": "2026-10-12T00:00:00Z", "until": "2026-10-13T00:00:00Z", "reason": "r", "count": 1,
    },
    ("POST", "/api/candidates/{id}/merge"): {"into": 1, "reason": "r"},
    ("POST", "/api/candidates/{id}/unmerge"): {"reason": "r"},
    ("POST", "/api/candidates/{id}/split"): {"sightings": [1], "reason": "r"},
    ("POST", "/api/candidates/{id}/restore"): {"reason": "r"},
    ("POST", "/api/fixtures"): {"reason": "r", "until": "2026-10-12T00:00:00Z"},
    ("POST", "/api/fixtures/{id}/expire"): {"reason": "r"},
    ("POST", "/api/watches"): {
        "candidate": 1, "since": "2026-10-12T00:00:00Z", "until": "2026-10-12T00:00:00Z",
    },
    ("POST", "/api/candidates/{id}/decisions"): {
        "stage": "first", "verdict": "keep", "seconds": 1, "key": "0123456789",
    },
    ("POST", "/api/evidence/{id}/unblur"): {"reason": "核对身份"},
    ("POST", "/api/cases/{id}/steps"): {"to": "paid", "reason": "r", "key": "0123456789"},
    ("PUT", "/api/devices/{code}/picture"): {"evidence": 1},
    ("PUT", "/api/zones/{scope}"): {"base": 0, "reason": "r", "shapes": []},
    ("POST", "/api/zones/{scope}/geojson"): {"type": "FeatureCollection", "features": []},
    ("POST", "/api/calendars"): {},
    ("POST", "/api/algorithms"): {"model_id": "street-1", "reason": "r"},
    ("POST", "/api/algorithms/{id}/evaluations"): {"dataset": "d", "figures": {}},
    ("POST", "/api/algorithms/{id}/steps"): {"act": "retire", "reason": "r"},
    ("POST", "/api/assignments/{id}/rollback"): {"reason": "r"},
    ("POST", "/api/assignments/{id}/end"): {"reason": "r"},
    ("POST", "/api/samples/{id}/label"): {"missed": []},
    ("POST", "/api/hints/decisions"): {"key": "k", "verdict": "dismiss", "reason": "r"},
    ("POST", "/api/cameras/{code}/active"): {"active": False, "reason": "r"},
    ("PUT", "/api/plans/{code}"): {"name": "n", "targets": {"district": True}, "interval_s": 300, "base": 1},
    ("POST", "/api/plans/{code}/trial"): {"name": "n", "targets": {"district": True}, "interval_s": 300, "base": 1},
    ("PUT", "/api/look-budget"): {"looks_per_hour": 1000, "machines": 1, "reason": "r"},
}  # fmt: skip


@pytest.fixture
def office(office: Office) -> Office:
    """With a street camera and a plan, both called CAM-A like the camera that they are of."""
    with office.database.write() as session:
        a_stream(session, device_by_code(session, "CAM-A"))
        a_plan(session, "CAM-A")
    return office


def _url(office: Office, path: str) -> str:
    kinds = ("case", "algorithm", "shadow-finding", "sample", "condition")
    number = office.ids[next((kind for kind in kinds if f"/{kind}s/" in path), "candidate")]
    if "/evidence/" in path:
        number = 1
    filled = path.replace("{month}", "2026-10").replace("{code}", "CAM-A").replace("{scope}", "ground")
    filled = filled.replace("{version}", "1").replace("{day}", "2026-10-12").replace("{account}", "reviewer")
    filled = filled.replace("/vehicles/CAM-A", "/vehicles/CAR-1")
    filled = re.sub(r"\{id\}", str(number), filled)
    asked = {
        "events": "?seconds=0",
        "list": "?figure=candidates",
        "span": "?since=2026-10-12T00:00:00Z&until=2026-10-13T00:00:00Z",
        "devices": "?west=121&south=31&east=122&north=32",
    }
    return filled + asked.get(path.rsplit("/", 1)[-1], "")


def _call(office: Office, caller: Caller, method: str, path: str) -> Any:
    body = BODIES.get((method, path))
    return caller.request(method, _url(office, path), json=body)


SIGNED = [(m, p) for (m, p), who in WHO.items() if isinstance(who, set)]


@pytest.mark.parametrize("role", [r.value for r in PEOPLE])
def test_each_role_at_each_endpoint(office: Office, role: str) -> None:
    """Allowed means: not stopped at the door (an endpoint may still say 403 of its own, as with another stage)."""
    for method, path in sorted(
        SIGNED, key=lambda e: e == ("DELETE", "/api/session")
    ):  # signing out comes last
        answer = _call(office, office.as_(role) if method == "DELETE" else _kept(office, role), method, path)
        who = WHO[method, path]
        stopped = answer.status_code == 403 and answer.json()["code"] == "not_your_role"
        assert stopped == (role not in who), (role, method, path, answer.text)
        assert answer.status_code < 500
        if not stopped and method in ("GET", "PUT"):
            # The queue of a stage is its own people's.
            fine = {200, 403} if path.startswith("/api/queue") else {200}
            assert answer.status_code in fine, (role, method, path, answer.text)


def _kept(office: Office, role: str) -> Caller:
    """One sign-in per role and test."""
    for client in office._clients:
        if client.headers.get("X-Test-Role") == role:
            return client
    client = office.as_(role)
    client.headers["X-Test-Role"] = role
    return client


def test_nobody_in_particular_is_asked_to_sign_in(office: Office) -> None:
    nobody = office.anybody()
    for method, path in SIGNED:
        answer = _call(office, nobody, method, path)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, path)


def test_a_device_key_opens_no_page_and_a_person_uploads_nothing(office: Office) -> None:
    car = office.vehicle()
    for method, path in SIGNED:
        assert _call(office, car, method, path).status_code == 401, (method, path)
    for role in PEOPLE:
        for method, path in (("POST", "/api/uploads"), ("PATCH", "/api/uploads/x")):
            headers = {
                "Upload-Length": "1",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
            }
            answer = _kept(office, role.value).request(method, path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "bad_device_key")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {key}", "{key}"])
def test_a_wrong_key_is_no_key(office: Office, header: str | None) -> None:
    headers = {"Upload-Length": "1"}
    if header is not None:
        headers["Authorization"] = header.replace("{key}", office.key)
    answer = office.anybody().post("/api/uploads", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_device_key")


# The page's token ------------------------------------------------------------------------------------


def test_what_changes_something_needs_the_pages_token(office: Office) -> None:
    tried = 0
    for method, path in SIGNED:
        if method not in UNSAFE:
            continue
        caller = _kept(office, sorted(WHO[method, path])[0])
        for token in (None, b"", b"wrong", b"\xfc"):
            headers = {"X-CSRF-Token": token} if token is not None else {}
            caller.csrf, kept = None, caller.csrf
            answer = caller.request(
                method, _url(office, path), json=BODIES.get((method, path)), headers=headers
            )
            caller.csrf = kept
            assert (answer.status_code, answer.json()["code"]) == (403, "bad_csrf"), (method, path, token)
            tried += 1
    assert tried == 4 * sum(method in UNSAFE for method, _ in SIGNED)


def test_another_sessions_token_is_wrong_too(office: Office) -> None:
    one, two = office.as_(ADMIN), office.as_(ADMIN)
    assert one.csrf != two.csrf
    one.csrf = two.csrf
    assert one.put("/api/zones/ground", json={"base": 0, "reason": "r", "shapes": []}).status_code == 403


# Inside the door: squads ---------------------------------------------------------------------------------


def test_a_squads_leader_sees_nothing_of_another_squad(office: Office) -> None:
    leader = office.as_("leader-b")
    own, foreign = office.ids["candidate_b"], office.ids["candidate"]
    assert [c["id"] for c in leader.get("/api/candidates").json()["items"]] == [own]
    assert leader.get(f"/api/candidates/{own}").status_code == 200
    for method, url in (
        ("GET", f"/api/candidates/{foreign}"),
        ("GET", f"/api/cases/{office.ids['case']}"),
        ("GET", "/api/evidence/1"),
        ("GET", "/api/statistics/2026-10/list?figure=candidates&squad=SQ-A"),
    ):
        assert leader.request(method, url).status_code == 404, url
    step = {"to": "withdrawn", "reason": "r", "key": "0123456789"}
    assert leader.post(f"/api/cases/{office.ids['case']}/steps", json=step).status_code == 404
    assert leader.get("/api/cases").json()["total"] == 0
    squads = [r["squad"]["code"] for r in leader.get("/api/statistics/2026-10").json()["rows"] if r["squad"]]
    assert set(squads) == {"SQ-B"}


def test_roles_of_the_table_are_the_roles_there_are() -> None:
    assert {Role(r) for r in EVERYBODY} | {Role.DEVICE} == set(Role)
