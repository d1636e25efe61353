"""People sign in with a browser at an issuer that the test runs: who comes in, and who does not."""

import base64
import hashlib
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from browsing import check, needs_chromium
from playwright.sync_api import Browser, expect
from serving import LEAVE, PAY, Served, office
from test_users import Issuer, Told

from scoville.serve import login
from scoville.serve.studio.page import COOKIE

SECRET = "a secret of the client"


class Door(Issuer):
    """An issuer at which people sign in: whoever comes is ada, of the board."""

    def __init__(self) -> None:
        super().__init__(_Door)
        self.begun: dict[str, dict[str, str]] = {}
        """What was asked for, by code."""
        self.says: dict[str, Any] = {}
        """Claims that are other than they should be."""


class _Door(Told):
    server: Door  # pyright: ignore

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        if place.path != "/authorize":
            return super().do_GET()
        asked = {name: one[0] for name, one in parse_qs(place.query).items()}
        code = f"code{len(self.server.begun)}"
        self.server.begun[code] = asked
        back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
        return self.reply(f'<a href="{back.replace("&", "&amp;")}">I am Ada</a>'.encode(), "text/html")

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        code, verifier = form["code"][0], form["code_verifier"][0]
        asked = self.server.begun.pop(code, {})
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        client = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
        good = asked.get("code_challenge") == challenge and asked["redirect_uri"] == form["redirect_uri"][0]
        if not good or client != f"studio:{SECRET.replace(' ', '%20')}":
            return self.send_error(400)
        claims = {"aud": "studio", "nonce": asked["nonce"], "groups": ["board"]} | self.server.says
        return self.reply(f'{{"id_token": "{self.server.token(**claims)}"}}'.encode(), "application/json")


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with Door() as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, door: Door) -> Iterator[Served]:
    settings = f"""
serve:
  users: {{issuer: '{door.url}', audience: bot, client: studio, client_secret_env: DOOR_SECRET, per_minute: 100000}}
"""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOOR_SECRET", SECRET)
        with office(tmp_path_factory.mktemp("work"), more=settings) as one:
            yield one


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client(Accept="text/html") as one:
        yield one


def begun(client: httpx.Client, place: str = "/") -> str:
    """Begin, and sign in at the issuer; give the address that its page leads back to."""
    to = client.get("/sign-in/begin", params={"next": place}).headers["location"]
    return httpx.get(to, trust_env=False).text.partition('href="')[2].partition('"')[0].replace("&amp;", "&")


@needs_chromium
def test_people_sign_in_at_the_issuer_and_come_to_the_page_they_wanted(browser: Browser, served: Served):
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{served.url}/documents")
    check(page)
    page.get_by_role("link", name="Sign in at 127.0.0.1").click()
    page.get_by_role("link", name="I am Ada").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Documents")
    expect(page.locator(".signed")).to_contain_text("ada")
    page.get_by_role("link", name="Ask", exact=True).click()
    page.get_by_label("Question").fill(PAY)  # is for the board, of which the issuer says she is
    page.keyboard.press("Enter")
    expect(page.locator(".said")).to_contain_text("250,000")
    assert {one["name"] for one in page.context.cookies() if one["name"].startswith("scoville")} == {COOKIE}
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in at 127.0.0.1")).to_be_visible()
    page.close()


def test_a_sign_in_is_ended_once_and_by_the_browser_that_began_it(served: Served, client: httpx.Client):
    back = begun(client, "/traces")
    with served.client(Accept="text/html") as thief:
        assert thief.get(back).status_code == 400 and COOKIE not in thief.cookies
        begun(thief)  # has a cookie of its own
        assert thief.get(back).status_code == 400 and COOKIE not in thief.cookies
    done = client.get(back)
    assert (done.status_code, done.headers["location"]) == (303, "/traces") and COOKIE in client.cookies
    assert client.get("/api/documents").json()["documents"]
    client.cookies.delete(COOKIE)
    assert client.get(back).status_code == 400 and COOKIE not in client.cookies


@pytest.mark.parametrize(
    ("says", "status"),
    [({"nonce": "another"}, 401), ({"aud": "bot"}, 401), ({"iss": "https://evil.example"}, 401), ({"exp": 1}, 401),
     ({"aud": ["studio", "bot"], "azp": "bot"}, 401), ({"sub": None}, 401), ({}, 303)],
)  # fmt: skip
def test_a_token_for_something_else_lets_nobody_in(
    client: httpx.Client, door: Door, monkeypatch: pytest.MonkeyPatch, says: dict[str, Any], status: int
):  # fmt: skip
    monkeypatch.setattr(door, "says", says)
    assert client.get(begun(client)).status_code == status
    assert (COOKIE in client.cookies) == (status == 303)


@pytest.mark.parametrize("change", [
    {"code": "guessed"}, {"state": "guessed"}, {"state": "é"}, {"error": "access_denied"},
    {"error": "<script>alert(1)</script>"},
])  # fmt: skip
def test_what_comes_back_otherwise_lets_nobody_in(client: httpx.Client, change: dict[str, str]):
    reply = client.get(httpx.URL(begun(client)).copy_merge_params(change))
    assert reply.status_code in (400, 401) and COOKIE not in client.cookies
    assert "Nobody was signed in" in reply.text and "<script>alert" not in reply.text


def test_a_sign_in_that_took_too_long_begins_again(client: httpx.Client, monkeypatch: pytest.MonkeyPatch):
    back, now = begun(client), time.monotonic()
    monkeypatch.setattr(login.time, "monotonic", lambda: now + 60 * login.MINUTES + 1)
    assert client.get(back).status_code == 400 and COOKIE not in client.cookies


def test_nobody_is_led_elsewhere(client: httpx.Client):
    for place in ("https://evil.example", "//evil.example", "/\\evil.example"):
        assert client.get(begun(client, place)).headers["location"] == "/"


def test_an_issuer_that_is_down_is_said(served: Served, client: httpx.Client):
    back = begun(client)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scoville.serve.issuer.urlopen", _down)
        assert "cannot be reached" in client.get(back).text and COOKIE not in client.cookies
    served.app.state.service.users.issuer.down_until = 0.0


def _down(*_: Any, **__: Any) -> None:
    raise OSError("down")


def test_without_a_client_nobody_signs_in_so(tmp_path: Any):
    with office(tmp_path) as one, one.client(Accept="text/html") as client:
        assert client.get("/sign-in/begin").status_code == 404
        assert client.get(login.BACK).status_code == 400
        assert client.post("/api/ask", json={"question": LEAVE}).status_code == 200
