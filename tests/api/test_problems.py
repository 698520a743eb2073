"""Errors over the wire, security headers, the page's files, the committed OpenAPI document."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from api.problems import STATUS
from casework import errors
from casework.errors import CaseworkError, StorageFull
from scripts.openapi import TARGET, document
from tests import builders as b
from tests.api.office import Caller, Office, serving

EN, ZH = {"Accept-Language": "en-GB,en;q=0.9"}, {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


def _problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The document, with all that RFC 9457 wants of it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"], body["type"]) == (status, code, "about:blank")
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(
    ("method", "url", "body", "status", "code", "zh", "en"),
    [
        ("GET", "/api/candidates/999999", None, 404, "not_found", "找不到疑似 999999", "no candidate 999999"),
        (
            "GET",
            "/api/candidates?month=2026-13",
            None,
            422,
            "bad_month",
            "2026-13 无法识别",
            "2026-13 is no month",
        ),
        (
            "GET",
            "/api/queue?stage=first",
            None,
            403,
            "not_your_stage",
            "您的角色",
            "a legal does not do first review",
        ),
        ("GET", "/api/accounts", None, 403, "not_your_role", "您的角色无权", "a legal may not do this"),
        ("GET", "/api/statistics/2026-10/list?figure=x", None, 422, "no_figure", "没有指标 x", "no figure x"),
        (
            "GET",
            "/api/candidates?page=0",
            None,
            422,
            "bad_fields",
            "以下字段有误",
            "these fields cannot be used",
        ),
        ("POST", "/api/queue/next", {"stage": "fourth"}, 422, "bad_fields", "stage", "stage"),
        ("POST", "/api/queue/next", {"stage": "legal", "more": 1}, 422, "bad_fields", "more", "more"),
    ],
)
def test_errors_in_both_languages(
    office: Office, method: str, url: str, body: Any, status: int, code: str, zh: str, en: str
) -> None:
    caller = office.as_("legal")
    said = [
        _problem(caller.request(method, url, json=body, headers=headers), status, code)["detail"]
        for headers in ({}, ZH, EN)
    ]
    assert zh in said[0]
    assert said[0] == said[1]  # Chinese where nothing is said
    assert en in said[2]


def test_bad_fields_are_named(office: Office) -> None:
    body = {"username": "X", "display_name": "", "role": "reviewer", "password": "short"}
    answer = office.as_("admin").post("/api/accounts", json=body)
    fields = _problem(answer, 422, "bad_fields")["fields"]
    assert set(fields) == {"body.username", "body.display_name", "body.password"}


def test_what_is_no_json_is_a_problem_too(office: Office) -> None:
    answer = office.as_("admin").post(
        "/api/accounts", content=b"{", headers={"Content-Type": "application/json"}
    )
    _problem(answer, 422, "bad_fields")


def test_errors_do_not_repeat_a_password(office: Office) -> None:
    answer = office.anybody().post("/api/session", json={"username": "x", "password": ["a-secret-thing"]})
    assert answer.status_code == 422
    assert "a-secret-thing" not in answer.text


@pytest.mark.parametrize(
    ("method", "url", "status"), [("GET", "/api/nothing", 404), ("DELETE", "/api/map", 405)]
)
def test_unknown_endpoints_are_problems_and_not_the_page(
    office: Office, method: str, url: str, status: int
) -> None:
    answer = office.anybody().request(method, url)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_every_error_of_the_house_has_its_status(office: Office) -> None:
    """An error kind without a status would leave as a 500."""
    kinds = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CaseworkError)
    }
    assert set(STATUS) == kinds - {CaseworkError}
    for kind, status in STATUS.items():  # the special comes before the common, which would hide it
        first = next(s for k, s in STATUS.items() if issubclass(kind, k))
        assert first == status, kind
    assert STATUS[StorageFull] == 507


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/candidates", "/api/nothing", "/", "/assets/app-1a2b.js"]
)
def test_every_answer_has_the_security_headers(office: Office, path: str) -> None:
    headers = office.anybody().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'self'"
    assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
    assert "script-src" not in policy  # no scripts but our own, none in the page
    assert ("no-store" in headers["cache-control"]) == path.startswith("/api/")


# The session's cookie ------------------------------------------------------------------------------------


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office) -> None:
    answer = office.anybody().post("/api/session", json={"username": "legal", "password": b.PASSWORD})
    parts = {p.strip().lower() for p in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", f"max-age={12 * 3600}"} <= parts
    assert "secure" not in parts  # set behind HTTPS, see the next test


def test_behind_https_the_cookie_is_secure(office: Office) -> None:
    office.app.state.context = replace(office.context, secure_cookies=True)
    answer = office.anybody().post("/api/session", json={"username": "legal", "password": b.PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_signing_in_and_out(office: Office) -> None:
    caller = office.as_("leader")
    me = caller.get("/api/session").json()
    assert (me["username"], me["role"], me["squad"]) == ("leader", "leader", None)
    assert me["csrf_token"] == caller.csrf
    assert set(me["may"]) == {
        *(
            "senior",
            "candidates",
            "candidate_acts",
            "cases",
            "steps",
            "statistics",
            "devices",
            "rules",
            "withdrawals",
            "quality",
            "completeness",
            "unblur",
        )
    }
    cookie = caller.cookies["jiexun_session"]
    assert caller.delete("/api/session").status_code == 204
    caller.cookies.set("jiexun_session", cookie)  # the old cookie, kept by somebody
    assert caller.get("/api/session").status_code == 401


@pytest.mark.parametrize(("username", "password"), [("legal", "wrong"), ("nobody", b.PASSWORD)])
def test_a_failed_sign_in_does_not_say_which_part_was_wrong(
    office: Office, username: str, password: str
) -> None:
    answer = office.anybody().post("/api/session", json={"username": username, "password": password})
    body = _problem(answer, 401, "wrong_password")
    assert body["detail"] == "用户名或密码不对，或账号已锁定"
    assert "set-cookie" not in answer.headers


def test_failures_over_http_are_counted(office: Office) -> None:
    """The failing request is answered with 401 and its count is kept all the same."""
    caller = office.anybody()
    for _ in range(8):
        caller.post("/api/session", json={"username": "legal", "password": "wrong"})
    answer = caller.post("/api/session", json={"username": "legal", "password": b.PASSWORD})
    _problem(answer, 401, "wrong_password")


# The page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/queue", "/cases/12", "/assets/missing.js", "/index.html"])
def test_every_address_of_the_page_is_the_page(office: Office, path: str) -> None:
    answer = office.anybody().get(path)
    assert answer.status_code == 200
    assert "街巡" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


def test_built_files_are_kept_for_ever(office: Office) -> None:
    answer = office.anybody().get("/assets/app-1a2b.js")
    assert answer.text == "export {}"
    assert "immutable" in answer.headers["cache-control"]


def _raw(address: str, path: str) -> tuple[int, bytes]:
    """A request whose path no client library has tidied. Returns (status, body)."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1"))
        data = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def test_no_path_leads_out_of_the_page(office: Office) -> None:
    """Climbing, encoded, absolute, through a link, with a zero byte: the page or nothing, never another file."""
    root = office.context.page_dir
    secret = root.parent / "secret.txt"
    secret.write_text("a secret thing", "utf-8")
    (root / "assets" / "link.txt").symlink_to(secret)
    (root.parent / "page-of-another").mkdir()
    (root.parent / "page-of-another" / "secret.txt").write_text("a secret thing", "utf-8")
    tries = [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "/../page-of-another/secret.txt",
        "/assets/link.txt",
        f"/{secret}",
        f"//{secret}",
        f"/%2f{str(secret).lstrip('/')}",
        "/secret.txt%00.js",
        "/%00",
        "/assets/%00/../../secret.txt",
        "/" + "a" * 5000,
        "/%ff%fe",
    ]
    with serving(office.app) as address:
        for path in tries:
            status, body = _raw(address, path)
            assert b"a secret thing" not in body, path
            assert status in (200, 400, 404), (path, status)


def test_without_a_built_page_it_says_so(office: Office) -> None:
    (office.context.page_dir / "index.html").unlink()
    answer = office.anybody().get("/")
    assert answer.status_code == 503
    assert "make page" in answer.text


# The OpenAPI document ------------------------------------------------------------------------------------


def test_the_committed_document_is_the_applications(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert TARGET.read_text("utf-8") == document(), "run: python -m scripts.openapi"
    assert list(tmp_path.iterdir()) == []  # writing it touches no database


def test_operations_have_names_of_their_own_and_the_problem_document(office: Office) -> None:
    operations = [
        operation
        for path in json.loads(document())["paths"].values()
        for method, operation in path.items()
        if method != "parameters"
    ]
    names = [o["operationId"] for o in operations]
    assert len(names) == len(set(names)) > 25
    assert all("default" in o["responses"] for o in operations)


def test_a_caller_sends_what_the_tests_say(office: Office) -> None:
    """The helper's own promise: the token goes with what is unsafe only."""
    caller: Caller = office.as_("admin")
    assert caller.csrf is not None
    assert "x-csrf-token" not in caller.get("/api/health").request.headers
    assert caller.put("/api/zones/ground", json={}).request.headers["x-csrf-token"] == caller.csrf
