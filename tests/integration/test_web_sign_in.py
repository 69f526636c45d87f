"""The door for people: sign-in, locks, sessions, CSRF, headers - through the real server."""

import re
from collections.abc import Iterator
from datetime import datetime
from html import unescape

import httpx
import pytest
from sqlalchemy import Engine, select

from tests.web_serving import PASSWORD, Site, serving
from twin.settings import Settings
from twin.store.tables import web_session
from twin.store.web_sessions import digest

SESSION = "twin_session"


@pytest.fixture
def site(engine: Engine, settings: Settings, now: datetime) -> Iterator[Site]:
    with serving(engine, settings, now) as running:
        yield running


def csrf_of(page: httpx.Response) -> str:
    return page.cookies["twin_csrf"]


def sign_in(client: httpx.Client, username: str, password: str, **more: str) -> httpx.Response:
    form = {"csrf_token": csrf_of(client.get("/sign-in")), "username": username, "password": password}
    return client.post("/sign-in", data=form | more)


def test_a_person_signs_in_reads_and_signs_out(site: Site) -> None:
    site.user("clinician")
    client = site.anybody()
    assert client.get("/").headers["location"] == "/sign-in"
    answered = sign_in(client, "clinician", PASSWORD)
    assert (answered.status_code, answered.headers["location"]) == (303, "/")
    me = client.get("/api/v1/me").json()
    assert (me["username"], me["role"]) == ("clinician", "clinician")
    csrf = csrf_of_session(site, client)
    assert client.post("/sign-out", data={"csrf_token": csrf}).headers["location"] == "/sign-in"
    assert client.get("/api/v1/me").status_code == 401


def csrf_of_session(site: Site, client: httpx.Client) -> str:
    with site.engine.connect() as connection:
        mine = web_session.c.token_hash == digest(client.cookies[SESSION])
        return str(connection.execute(select(web_session.c.csrf_token).where(mine)).scalar_one())


def test_a_session_that_signed_out_is_dead_even_with_its_cookie(site: Site) -> None:
    client = site.person("clinician")
    cookie = client.cookies[SESSION]
    assert client.post("/sign-out").status_code == 303
    assert site.anybody(Cookie=f"{SESSION}={cookie}").get("/api/v1/me").status_code == 401


def test_the_session_cookie_is_hidden_from_scripts_and_other_sites(site: Site) -> None:
    site.user("clinician")
    cookies = sign_in(site.anybody(), "clinician", PASSWORD).headers.get_list("set-cookie")
    session = next(each for each in cookies if each.startswith(SESSION))
    assert "HttpOnly" in session and "samesite=lax" in session.lower() and "Path=/" in session
    assert "Secure" not in session


def test_a_site_on_https_keeps_its_cookies_to_https_and_its_own_host(
    engine: Engine, settings: Settings, now: datetime
) -> None:
    https = settings.model_copy(update={"public_url": "https://twin.example"})
    with serving(engine, https, now) as site:
        site.user("clinician")
        client = site.anybody()
        page = client.get("/sign-in")
        csrf = re.search(r"twin_csrf=([^;]+)", page.headers["set-cookie"])
        assert csrf is not None
        form = {"csrf_token": csrf[1], "username": "clinician", "password": PASSWORD}
        answered = client.post("/sign-in", data=form, headers={"Cookie": f"twin_csrf={csrf[1]}"})
        session = next(each for each in answered.headers.get_list("set-cookie") if "twin_session" in each)
        assert session.startswith("__Host-twin_session=") and "Secure" in session
        assert "max-age=31536000" in answered.headers["strict-transport-security"]


def test_the_session_is_a_new_one_at_every_sign_in(site: Site) -> None:
    site.user("clinician")
    client = site.anybody()
    client.cookies.set(SESSION, "chosen-by-an-attacker", domain="127.0.0.1")
    sign_in(client, "clinician", PASSWORD)
    first = client.cookies[SESSION]
    assert first != "chosen-by-an-attacker"
    other = site.anybody()
    assert sign_in(other, "clinician", PASSWORD).cookies[SESSION] != first


def test_wrong_unknown_and_locked_are_answered_alike(site: Site) -> None:
    site.user("clinician")
    client = site.anybody()

    def answer(name: str, password: str) -> tuple[int, str]:
        page = sign_in(client, name, password)
        said = re.sub(r"[\w-]{43}", "TOKEN", unescape(page.text)).replace(name, "NAME")
        return page.status_code, said

    wrong = answer("clinician", "wrong")
    assert wrong[0] == 401
    assert answer("nobody", "wrong") == wrong
    for _ in range(site.settings.login_attempts):
        answer("clinician", "wrong")
    assert answer("clinician", PASSWORD) == wrong
    site.clock.forward(minutes=site.settings.lockout_minutes + 1)
    assert sign_in(client, "clinician", PASSWORD).status_code == 303


def test_an_address_with_too_many_attempts_is_told_to_wait(site: Site) -> None:
    client = site.anybody()
    statuses = [sign_in(client, f"guess{n}", "wrong").status_code for n in range(21)]
    assert statuses == [401] * 20 + [429]


@pytest.mark.parametrize(
    "odd",
    [
        {"username": "a\x00b", "password": "x"},
        {"username": "\ud800".encode("utf-8", "surrogatepass"), "password": b"\xff\xfe"},
        {"username": "a" * 300, "password": "x"},
        {"username": "a", "password": "x" * 5000},
        {"next": "/" * 1000},
        {},
    ],
)
def test_an_odd_sign_in_is_refused_and_never_a_crash(site: Site, odd: dict[str, object]) -> None:
    client = site.anybody()
    form = {"csrf_token": csrf_of(client.get("/sign-in")), **odd}
    assert client.post("/sign-in", data=form).status_code in (401, 422)


def test_a_sign_in_is_noted_and_an_unknown_name_is_not(site: Site) -> None:
    site.user("clinician")
    client = site.anybody()
    sign_in(client, "clinician", "wrong")
    sign_in(client, "my password typed here", "wrong")
    sign_in(client, "clinician", PASSWORD)
    rows = [(row["actor"], row["outcome"], row["detail"].get("account")) for row in site.audit(action="sign_in")]  # type: ignore[attr-defined]
    assert rows == [
        ("anonymous", "denied", "clinician"),
        ("anonymous", "denied", None),
        ("user:clinician", "success", None),
    ]


def test_a_sign_in_form_of_another_site_is_refused(site: Site) -> None:
    site.user("clinician")
    form = {"csrf_token": "guessed", "username": "clinician", "password": PASSWORD}
    client = site.anybody()
    assert client.post("/sign-in", data=form).status_code == 403
    client.get("/sign-in")
    assert client.post("/sign-in", data=form).status_code == 403
    del form["csrf_token"]
    assert client.post("/sign-in", data=form).status_code == 403


def test_a_form_without_the_token_of_its_session_is_refused(site: Site) -> None:
    mine, other = site.person("clinician", csrf=False), site.person("clinician")
    stolen = other.headers["X-CSRF-Token"]
    for form in ({}, {"csrf_token": ""}, {"csrf_token": "é"}, {"csrf_token": stolen}):
        assert mine.post("/sign-out", data=form).status_code == 403
    assert mine.post("/sign-out", headers={"X-CSRF-Token": stolen}).status_code == 403
    assert mine.get("/api/v1/me").status_code == 200


def test_an_idle_session_leads_back_to_the_sign_in(site: Site) -> None:
    client = site.person("clinician")
    site.clock.forward(minutes=site.settings.idle_minutes - 1)
    assert client.get("/api/v1/me").status_code == 200
    site.clock.forward(minutes=site.settings.idle_minutes)
    assert client.get("/api/v1/me").status_code == 401
    assert client.get("/").headers["location"] == "/sign-in"


def test_a_part_of_a_page_leads_the_whole_page_to_the_sign_in(site: Site) -> None:
    answered = site.anybody(**{"HX-Request": "true"}).get("/")
    assert (answered.status_code, answered.headers["hx-redirect"]) == (401, "/sign-in")


def test_a_busy_session_ends_after_its_hours(site: Site) -> None:
    client = site.person("clinician")
    for _ in range(site.settings.session_hours * 3 - 1):
        site.clock.forward(minutes=20)
        assert client.get("/api/v1/me").status_code == 200
    site.clock.forward(minutes=20)
    assert client.get("/api/v1/me").status_code == 401


@pytest.mark.parametrize(
    "wish", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nX: 1", "javascript:1"]
)
def test_the_way_back_never_leads_to_another_site(site: Site, wish: str) -> None:
    site.user("clinician")
    assert sign_in(site.anybody(), "clinician", PASSWORD, next=wish).headers["location"] == "/"


def test_the_way_back_leads_to_the_page_that_was_asked_for(site: Site) -> None:
    site.user("clinician")
    assert sign_in(site.anybody(), "clinician", PASSWORD, next="/rules").headers["location"] == "/rules"


def test_the_language_follows_the_person_then_the_cookie_then_the_site(site: Site) -> None:
    client = site.anybody()
    assert client.get("/sign-in", params={"language": "zh_CN"}).cookies["twin_language"] == "zh_CN"
    assert "twin_language" not in client.get("/sign-in", params={"language": "xx"}).cookies
    person = site.person("clinician")
    answered = person.post("/language", data={"language": "zh_CN", "next": "/rules"})
    assert (answered.status_code, answered.headers["location"]) == (303, "/rules")
    assert person.get("/api/v1/me").json()["language"] == "zh_CN"
    person.post("/language", data={"language": "klingon"})
    assert person.get("/api/v1/me").json()["language"] == "zh_CN"


@pytest.mark.parametrize("path", ["/sign-in", "/", "/healthz", "/nowhere", "/api/v1/me", "/fhir/metadata"])
def test_every_answer_carries_the_strict_headers(site: Site, path: str) -> None:
    headers = site.person("clinician").get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["frame-ancestors"] == "'none'"
    assert policy["img-src"] == "'self' data:" and policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers


@pytest.mark.parametrize(("host", "status"), [("evil.example", 400), ("", 400), ("a b", 400), ("localhost", 200),
                                              ("10.1.2.3:8000", 200), ("[::1]:8000", 200)])  # fmt: skip
def test_a_foreign_host_name_is_refused(site: Site, host: str, status: int) -> None:
    assert site.anybody(Host=host).get("/healthz").status_code == status
