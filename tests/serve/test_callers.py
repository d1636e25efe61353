"""Who may: keys, groups, links, hosts and origins."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from serving import LEAVE, PAY, Served, forget_callers, make_key, office, wait_until

from conftest import Bench, Command
from scoville.serve.callers import LINK_SECONDS
from scoville.serve.edge import OPEN
from scoville.serve.studio import ROUTERS

SECRET = "250,000"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with office(tmp_path_factory.mktemp("work")) as one:
        yield one


@pytest.fixture
def served(running: Served, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """Give the service without keys."""
    monkeypatch.chdir(running.bot.workspace.root)
    yield running
    forget_callers(running)


@pytest.fixture
def keys(served: Served) -> dict[str, str]:
    """Make a key of each kind; from here on every request needs one."""
    root = served.bot.workspace.root
    return {
        "ada": make_key(root, "ada", scopes=["ask", "write"]), "bea": make_key(root, "bea", groups=["board"]),
        "eve": make_key(root, "eve", groups=None, scopes=["ask", "write", "admin"]),
        "hal": make_key(root, "hal", scopes=["write"]), "ops": make_key(root, "ops", scopes=["ask", "admin"]),
    }  # fmt: skip


def routes(served: Served) -> list[tuple[str, str]]:
    """Give every route of the application, pages of the studio, too: method and path."""
    pages = [
        (method, route.path) for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)
        for method in sorted(route.methods or ()) if route.path not in ("/studio/{name}", "/sign-in")
    ]  # fmt: skip
    return pages + [
        (method.upper(), path) for path, one in served.app.openapi()["paths"].items() for method in one
    ]  # fmt: skip


def filled(path: str, served: Served, document: str = "docs/board/pay.md") -> str:
    """Fill in the places of a path with what there is of a document."""
    index = served.bot.open_index()
    id = index.documents()[document].document_id
    passage = index.neighbours(document, 0, 0)[0].id
    places = {"{document}": id, "{page}": "1", "{id}": passage, "{name}": "my-bot"}
    for place, value in places.items():
        path = path.replace(place, value)
    return path


BODIES: dict[str, Any] = {
    "/v1/chat/completions": {"model": "my-bot", "messages": [{"role": "user", "content": PAY}]},
    "/v1/embeddings": {"model": "my-bot", "input": "x"},
    "/api/ask": {"question": PAY}, "/api/search": {"question": PAY}, "/v1/responses": {"model": "my-bot", "input": PAY},
    "/api/feedback": {"trace": "0" * 32, "rating": "up"},
    "/api/cases": {"question": PAY, "expected": ["x"], "evidence": [{"document": "docs/board/pay.md"}]},
}  # fmt: skip


CHANGING = ("/remove", "/generate", "/rebuild", "/demo", "/sync", "/forget")
"""How routes end that change documents, or begin work that does."""
NEEDS = {
    "": """GET /sign-in/begin, GET /sign-in/back, POST /sign-out, GET /healthz, GET /readyz""",
    "ask": """GET /, POST /forget, GET /documents, GET /documents/{document}, GET /cases, GET /traces, GET /traces/{id},
        POST /v1/chat/completions, POST /v1/responses, POST /v1/embeddings, GET /v1/models, GET /v1/models/{name},
        POST /api/ask, POST /api/search, GET /api/pages/{document}/{page}.png, GET /api/passages/{id}, GET /api/traces,
        GET /api/traces/{id}, GET /api/feedback, POST /api/feedback, GET /api/cases, GET /api/documents""",
    "write": """POST /documents/{document}/remove, POST /cases/split, POST /cases/feedback, GET /cases/review,
        POST /cases/review, GET /jobs/{id}, POST /api/cases, POST /api/documents, DELETE /api/documents/{document},
        GET /api/jobs, GET /api/jobs/{id}""",
    "admin": "GET /metrics",
    "everything": """GET /beside, GET /documents/receipts, GET /documents/receipts/{number},
        GET /documents/{document}/forget, POST /documents/{document}/forget, POST /documents/sync, POST /documents/demo,
        POST /documents/{document}/read, POST /cases/generate, GET /runs, POST /runs, GET /runs/compare,
        GET /runs/question, GET /monitor, GET /training, GET /training/{name}/losses, GET /settings, POST /settings,
        POST /settings/rebuild, POST /settings/keys, POST /settings/keys/revoke, GET /api/runs, GET /api/runs/{id},
        GET /api/audit, GET /releases, POST /releases, GET /releases/diff, POST /releases/promote,
        POST /releases/rollback, POST /traces/{id}/mend""",
}
"""What each route needs: nothing, a scope, or the scope `admin` and every document. A new route is decided on here."""
MAY = {
    "ada": {"", "ask", "write"},
    "bea": {"", "ask"},
    "hal": {"", "write"},
    "ops": {"", "ask", "admin"},
    "eve": {*NEEDS},
}
READERS = ("bea", "eve")
"""Who may read the document that all routes are asked for."""


def test_every_route_needs_a_key_once_there_is_one(served: Served, keys: dict[str, str]):
    asked = [(method, path) for method, path in routes(served) if path not in OPEN]
    assert len(asked) >= 24
    with served.client() as nobody, served.client("sk-scoville-guessed") as guesser:
        for method, path in asked:
            address = filled(path, served)
            for client in (nobody, guesser):
                reply = client.request(method, address, json=BODIES.get(path))
                assert (path, reply.status_code) == (path, 401)
                assert SECRET not in reply.text
        for path in (one for one in OPEN if not one.startswith("/sign-in")):
            assert nobody.get(path).status_code == 200
        assert nobody.get("/nothing").status_code == 401


def test_every_route_does_for_every_key_what_was_decided(served: Served, keys: dict[str, str]):
    """key × document × route: who lacks the scope is refused; the words of a document are for whom they are meant."""
    needs = {route: need for need, ones in NEEDS.items() for route in re.sub(r",\s+", "\n", ones).splitlines()}
    asked = {f"{method} {path}": (method, path, filled(path, served)) for method, path in routes(served)}
    assert asked.keys() == needs.keys(), "decide in NEEDS who may use a new route"
    shown: dict[str, set[str]] = {name: set() for name in MAY}
    for name, may in MAY.items():
        with served.client(keys[name]) as client:
            for route, (method, path, address) in asked.items():
                if name in READERS and needs[route] in may and (method == "DELETE" or path.endswith(CHANGING)):
                    continue  # it may, and the others are still to look
                kind = {} if path.startswith("/api") else {"Accept": "text/html"}
                reply = client.request(method, address, json=BODIES.get(path), headers=kind)
                assert reply.status_code < 500, (name, route, reply.text)
                assert (reply.status_code == 403) == (needs[route] not in may), (name, route, reply.text)
                if SECRET in reply.text or "pay.md" in reply.text:
                    shown[name].add(path)
    assert [name for name in MAY if shown[name]] == [*READERS]
    assert {"/", "/documents/{document}", "/api/ask", "/api/search", "/api/passages/{id}", "/api/documents",
            "/v1/chat/completions", "/v1/responses"} <= shown["bea"] & shown["eve"]  # fmt: skip
    assert "docs/board/pay.md" in served.bot.documents()


def test_a_scope_is_needed(served: Served, keys: dict[str, str]):
    with served.client(keys["hal"]) as writer, served.client(keys["ada"]) as asker:
        refused = writer.post("/api/ask", json={"question": LEAVE})
        assert refused.status_code == 403 and "'ask'" in refused.json()["error"]["message"]
        assert asker.get("/metrics").status_code == 403


def test_a_revoked_key_ends_at_once_and_so_do_its_links(served: Served, keys: dict[str, str], command: Command):
    with served.client(keys["bea"]) as client, served.client() as nobody:
        url = client.post("/api/ask", json={"question": LEAVE}).json()["citations"][0]["url"]
        assert nobody.get(url).status_code == 200
        assert command("keys", "revoke", "bea").code == 0
        assert client.post("/api/ask", json={"question": LEAVE}).status_code == 401
        assert nobody.get(url).status_code == 401


def test_a_link_opens_its_page_only(served: Served, keys: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    with served.client(keys["bea"]) as client:
        url = client.post("/api/ask", json={"question": LEAVE}).json()["citations"][0]["url"]
    other = filled("/api/passages/{id}", served)
    path, _, query = url.removeprefix(served.url).partition("?")
    with served.client() as nobody:
        assert nobody.get(f"{path}?{query}").status_code == 200
        for wrong in (f"{other}?{query}", path.replace("/1.png", "/2.png") + f"?{query}", f"{path}?{query}0",
                      f"{path}?{query.replace('until=', 'until=9')}", f"/api/ask?{query}"):  # fmt: skip
            assert nobody.get(wrong).status_code == 401
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + LINK_SECONDS + 1)
        assert nobody.get(f"{path}?{query}").status_code == 401


def test_a_browser_signs_in_with_a_key_and_only_the_pages_of_the_service_change_anything(
    served: Served, keys: dict[str, str]
):  # fmt: skip
    page = {"Accept": "text/html"}
    with served.client() as browser:
        assert "Sign in" in browser.get("/documents", headers=page).text
        assert browser.post("/sign-in", data={"key": "sk-scoville-guessed"}).status_code == 401
        elsewhere = {"Origin": "https://evil.example"}
        assert browser.post("/sign-in", data={"key": keys["ada"]}, headers=elsewhere).status_code == 403
        for given, led in (("/documents", "/documents"), ("https://evil.example", "/"), ("//evil.example", "/")):
            reply = browser.post("/sign-in", data={"key": keys["ada"], "next": given})
            assert (reply.status_code, reply.headers["location"]) == (303, led)
        cookie = reply.headers["set-cookie"]
        assert "HttpOnly" in cookie and "SameSite=lax" in cookie and keys["ada"] not in cookie
        assert browser.get("/documents", headers=page).status_code == 200
        assert browser.post("/api/search", json={"question": LEAVE}, headers=elsewhere).status_code == 403
        assert browser.post("/api/search", json={"question": LEAVE}).status_code == 200
        assert browser.get("/runs", headers=page).status_code == 403
        assert browser.get("/sign-out").status_code == 405 and browser.post("/sign-out").status_code == 303
        assert browser.get("/documents", headers=page).status_code == 401


def test_only_the_hash_of_a_key_is_kept(served: Served, keys: dict[str, str]):
    kept = b"".join(one.read_bytes() for one in (served.bot.workspace.folder).glob("track.db*"))
    assert keys["ada"].encode() not in kept and keys["ada"].removeprefix("sk-scoville-").encode() not in kept
    assert b"bea" in kept


def test_a_key_may_ask_so_often_a_minute(served: Served):
    key = make_key(served.bot.workspace.root, "ada", per_minute=2)
    with served.client(key) as client:
        assert [client.get("/v1/models").status_code for _ in range(3)] == [200, 200, 429]
        assert 1 <= int(client.get("/v1/models").headers["retry-after"]) <= 31


def test_without_keys_only_this_machine_by_its_name_is_served(served: Served):
    port = served.url.rpartition(":")[2]
    with served.client() as client:
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"):
            assert client.get("/v1/models", headers={"Host": host}).status_code == 200
        for host in (
            f"evil.example:{port}",
            "127.0.0.1.evil.example",
            "evil.example@127.0.0.1.evil.example",
            "[::1",
            "",
        ):
            assert client.get("/v1/models", headers={"Host": host}).status_code == 403
        for origin in ("https://evil.example", "null", f"http://localhost:{port}", "http://127.0.0.1:1"):
            reply = client.post("/api/ask", json={"question": LEAVE}, headers={"Origin": origin})
            assert reply.status_code == 403
            assert "access-control-allow-origin" not in reply.headers
        own = client.post("/api/ask", json={"question": LEAVE}, headers={"Origin": served.url})
        assert own.status_code == 200


def test_headers_of_proxies_change_nothing(served: Served, keys: dict[str, str]):
    spoofed = {"X-Forwarded-For": "10.0.0.9", "X-Forwarded-Host": "evil.example", "X-Forwarded-User": "eve",
               "X-Remote-User": "eve", "Forwarded": "for=10.0.0.9;host=evil.example"}  # fmt: skip
    with served.client(keys["ada"], **spoofed) as client:
        text = client.post("/api/ask", json={"question": PAY}).text
        assert SECRET not in text and "evil.example" not in text
        assert client.get("/metrics").status_code == 403
    assert {caller for caller, *_ in served.audit} == {"ada"}


def test_the_audit_log_says_who_asked_what(served: Served, keys: dict[str, str]):
    with served.client(keys["ada"]) as client, served.client("wrong") as guesser:
        client.post("/api/ask", json={"question": "Who is ada@larkspur.example?"})
        client.get("/healthz")
        guesser.get("/v1/models")
    wait_until(lambda: len(served.audit) == 2)  # an entry is written after its reply
    rows = served.audit
    assert [row[:4] for row in rows] == [("ada", "POST", "/api/ask", 200), ("", "GET", "/v1/models", 401)]
    assert "Who is" in rows[0][4] and "larkspur" not in rows[0][4]  # personal data is taken out
    trace = served.bot.traces(caller="ada")[0]
    assert "Who is" in trace.question
    assert trace.attributes["user.id"] == "ada"
    assert served.bot.traces(caller="hal") == []


def test_every_reply_tells_a_browser_to_do_nothing_with_it(served: Served):
    with served.client() as client:
        for reply in (
            client.get("/v1/models"),
            client.get("/nothing"),
            client.get("/v1/models", headers={"Host": "x"}),
        ):
            assert reply.headers["x-content-type-options"] == "nosniff"
            assert reply.headers["content-security-policy"].startswith("default-src 'none'")
            assert reply.headers["cache-control"] == "no-store"
            assert "server" not in reply.headers


def test_keys_are_made_listed_and_revoked_by_command(bench: Bench, command: Command):
    made = command("keys", "add", "ada", "--as", "hr", "--as", "board", "--json")
    assert made.json["key"].startswith("sk-scoville-")
    shown = command("keys", "add", "bob")
    assert shown.out.startswith("sk-scoville-") and "what everyone may" in shown.err
    assert command("keys", "add", "root", "--everything", "--scope", "admin", "--scope", "ask").code == 0
    listed = command("keys", "list", "--json").json
    assert [(one["name"], one["groups"]) for one in listed] == [("ada", ["hr", "board"]), ("bob", []), ("root", None)]
    assert made.json["key"] not in json.dumps(listed) + command("keys", "list").out
    assert command("keys", "revoke", "ada").code == 0
    for words, said in (
        (("revoke", "ada"), "no key 'ada' is valid"), (("add", "ada"), "names are never used again"),
        (("add", "a b"), "expected letters"), (("add", "local"), "not 'local'"),
        (("add", "x", "--scope", "king"), "expected ask, write, admin"),
        (("add", "x", "--as", "hr", "--everything"), "expected one of them"),
    ):  # fmt: skip
        wrong = command("keys", *words)
        assert wrong.code == 2 and said in wrong.err


def test_serving_others_needs_a_key_and_a_free_port(bench: Bench, command: Command):
    open_to_all = command("serve", "--host", "0.0.0.0", "--port", "0")
    assert open_to_all.code == 2 and "scoville keys add NAME" in open_to_all.err
