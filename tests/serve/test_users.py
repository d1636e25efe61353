"""Users whom an issuer or a proxy knows: what is believed of whom."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm
from serving import LEAVE, PAY, Served, make_key, office
from test_callers import BODIES, CHANGING, filled, routes

from conftest import Bench, Command
from scoville.serve import users
from scoville.serve.service import service_in

SECRET = "250,000"
KEY, OTHER = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2))


class Issuer(ThreadingHTTPServer):
    """Says where its keys are, and gives them."""

    def __init__(self, told: type["Told"] | None = None) -> None:
        super().__init__(("127.0.0.1", 0), told or Told)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.works = True

    def token(
        self, key: Any = KEY, *, algorithm: str = "RS256", head: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        now = int(time.time())
        said = {"iss": self.url, "aud": "bot", "sub": "ada", "iat": now, "exp": now + 60, "groups": []} | claims
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, key, algorithm, headers={"kid": "one"} | (head or {}))


class Told(BaseHTTPRequestHandler):
    server: Issuer  # pyright: ignore

    def do_GET(self) -> None:
        issuer = self.server
        issuer.asked.append(self.path)
        public = json.loads(RSAAlgorithm.to_jwk(KEY.public_key())) | {"kid": "one", "use": "sig"}
        about = {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys",
                 "authorization_endpoint": f"{issuer.url}/authorize",
                 "token_endpoint": f"{issuer.url}/token"}  # fmt: skip
        self.reply(json.dumps({"keys": [public]} if self.path == "/keys" else about).encode(), "application/json")

    def reply(self, body: bytes, media_type: str) -> None:
        self.send_response(200 if self.server.works else 500)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as one:
        threading.Thread(target=one.serve_forever, daemon=True).start()
        yield one
        one.shutdown()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[Served]:
    settings = f"""
serve:
  users: {{issuer: '{issuer.url}', audience: bot, writers: [staff], admins: [it], per_minute: 100000}}
"""
    with office(tmp_path_factory.mktemp("work"), more=settings) as one:
        yield one


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve behind a proxy on this machine."""
    with office(tmp_path_factory.mktemp("behind"), more="serve: {users: {proxies: [127.0.0.0/8]}}") as one:
        yield one


def test_a_user_reads_what_the_groups_of_their_token_may(served: Served, issuer: Issuer):
    for groups, reads in ((["board"], True), ("board", True), ([], False), (None, False), (["boards"], False)):
        with served.client(issuer.token(groups=groups)) as client:
            assert (SECRET in client.post("/api/ask", json={"question": PAY}).text) == reads
    with served.client(issuer.token(groups=["board"])) as client:
        trace = client.get("/api/traces").json()["traces"][0]
        assert trace["caller"] == "user~ada" and trace["question"] == PAY
    with served.client(issuer.token(sub="../eve|1", groups=["board"])) as other:
        assert other.get("/api/traces").json()["traces"] == []
        other.post("/api/ask", json={"question": LEAVE})
    assert served.audit[-1][0] in ("user~..%2Feve%7C1", "user~ada")


def test_groups_give_scopes(served: Served, issuer: Issuer):
    file = {"file": ("a.md", b"A note.")}
    with served.client(issuer.token()) as asker, served.client(issuer.token(groups=["staff"])) as writer:
        assert asker.post("/api/documents", files=file).status_code == 403
        assert writer.post("/api/documents", files=file).status_code == 202
        assert writer.get("/api/audit").status_code == 403
    with served.client(issuer.token(groups=["it"])) as admin:
        assert admin.get("/api/audit").status_code == 200
        assert SECRET in admin.post("/api/ask", json={"question": PAY}).text


def test_a_token_that_is_not_good_is_refused(served: Served, issuer: Issuer):
    now = int(time.time())
    public = KEY.public_key().public_numbers().n.to_bytes(256, "big")
    wrong = {
        "signed by another": issuer.token(OTHER), "of another issuer": issuer.token(iss="https://evil.example"),
        "for another": issuer.token(aud="payroll"), "for nobody": issuer.token(aud=None),
        "expired": issuer.token(exp=now - 60), "for ever": issuer.token(exp=None), "early": issuer.token(nbf=now + 600),
        "of nobody": issuer.token(sub=None), "not signed": issuer.token("", algorithm="none"),
        "signed with what is public": issuer.token(public, algorithm="HS256"),
        "of a key that is not known": issuer.token(head={"kid": "two"}),
        "for logging out": issuer.token(head={"typ": "logout+jwt"}), "cut": issuer.token()[:-9], "junk": "a.b.c",
    }  # fmt: skip
    for what, token in wrong.items():
        with served.client(token) as client:
            assert (what, client.post("/api/ask", json={"question": LEAVE}).status_code) == (what, 401)


def test_keys_work_beside_users_and_the_issuer_is_asked_seldom(served: Served, issuer: Issuer):
    key = make_key(served.bot.workspace.root, "bea", groups=["board"])
    issuer.asked.clear()
    with served.client(key) as client, served.client("sk-scoville-guessed") as guesser, served.client() as nobody:
        assert SECRET in client.post("/api/ask", json={"question": PAY}).text
        assert guesser.get("/v1/models").status_code == nobody.get("/v1/models").status_code == 401
        assert "handbook" not in nobody.get("/").text
    for _ in range(5):
        with served.client(issuer.token()) as client, served.client(issuer.token(head={"kid": "two"})) as wrong:
            assert client.get("/v1/models").status_code == 200
            assert wrong.get("/v1/models").status_code == 401
    assert len(issuer.asked) <= 3


def test_links_open_for_the_user_as_last_seen(served: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch):
    with served.client(issuer.token(sub="cy d", groups=["board"])) as client, served.client() as nobody:
        answer = client.post("/api/ask", json={"question": PAY}).json()
        url = answer["citations"][0]["url"]
        assert SECRET in nobody.get(url).text
        assert nobody.get(url.replace("cy%2520d", "ada")).status_code == 401
    with served.client(issuer.token(sub="cy d")) as client, served.client() as nobody:
        client.get("/v1/models")
        assert nobody.get(url).status_code == 404
        now = time.time()
        monkeypatch.setattr(time, "time", lambda: now + users.LINK_SECONDS + 1)
        assert nobody.get(url).status_code == 401


def test_an_issuer_out_of_reach_is_said_and_not_asked_again_and_again(
    served: Served, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
):  # fmt: skip
    fresh = users.Users(served.bot.recipe.serve.users)
    monkeypatch.setattr(service_in(served.app), "users", fresh)
    monkeypatch.setattr(issuer, "works", False)
    issuer.asked.clear()
    with served.client(issuer.token()) as client:
        for _ in range(3):
            reply = client.get("/v1/models")
            assert reply.status_code == 503 and reply.headers["retry-after"]
        assert len(issuer.asked) == 1
        monkeypatch.setattr(issuer, "works", True)
        monkeypatch.setattr(fresh.issuer, "down_until", 0.0)
        assert client.get("/v1/models").status_code == 200


def test_a_proxy_is_believed_and_nobody_else(behind: Served, monkeypatch: pytest.MonkeyPatch):
    named = {"X-Forwarded-User": "ada", "X-Forwarded-Groups": "hr, board"}
    with behind.client(**named) as client:
        assert SECRET in client.post("/api/ask", json={"question": PAY}).text
    with behind.client(**{"X-Forwarded-User": "bob"}) as client:
        assert SECRET not in client.post("/api/ask", json={"question": PAY}).text
    with behind.client() as client:
        assert client.get("/v1/models").status_code == 401
        twice = [("X-Forwarded-User", "bob"), ("X-Forwarded-User", "ada")]
        assert client.get("/v1/models", headers=twice).status_code == 400
    service = service_in(behind.app)
    elsewhere = behind.bot.recipe.serve.users.model_copy(update={"proxies": ("10.0.0.0/8",)})
    monkeypatch.setattr(service, "users", users.Users(elsewhere))
    with behind.client(**named) as client:
        assert client.get("/v1/models").status_code == 401


def test_no_other_page_uses_who_is_logged_in_at_the_proxy(behind: Served):
    file = {"file": ("evil.md", b"Planted.")}
    with behind.client(**{"X-Forwarded-User": "ada"}) as client:
        for origin, status in (("https://evil.example", 403), ("null", 403), (behind.url, 403), (None, 403)):
            headers = {"Origin": origin} if origin else {}
            reply = client.post("/api/documents", files=file, headers=headers)
            assert reply.status_code == status
            assert ("may not use this service" in reply.text) == (origin not in (behind.url, None))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("{issuer: 'http://login.example', audience: x}", "https://"),
        ("{issuer: 'https://login.example'}", "audience"), ("{proxies: [somewhere]}", "somewhere"),
        ("{client: studio}", "issuer"), ("{client_secret_env: 'hunter2!'}", "never the secret itself"),
    ],
)  # fmt: skip
def test_users_that_nothing_holds_back_are_refused(bench: Bench, command: Command, given: str, said: str):
    done = command("serve", "--port", "0", "--set", f"serve.users={given}")
    assert done.code == 2 and said in done.err


def test_with_users_others_may_be_served_without_a_key(bench: Bench, command: Command, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.serve.run.run", lambda app, listening: listening.close())
    done = command("serve", "--host", "0.0.0.0", "--port", "0", "--set", "serve.users={proxies: [10.0.0.1]}")
    assert done.code == 0


def test_no_route_shows_a_user_what_their_groups_may_not_read(served: Served, issuer: Issuer):
    """user × document × route: the words of each document are in what a route gives for whom it is meant only."""
    shown: dict[str, set[str]] = {}
    asked = [(method, path) for method, path in routes(served) if method != "DELETE" and not path.endswith(CHANGING)]
    for name, groups in (("none", []), ("other", ["staff"]), ("board", ["board"]), ("admin", ["it"])):
        with served.client(issuer.token(sub=f"matrix-{name}", groups=groups)) as client:
            for method, path in asked:
                reply = client.request(method, filled(path, served), json=BODIES.get(path))
                assert reply.status_code < 500, (path, reply.text)
                if SECRET in reply.text or "pay.md" in reply.text:
                    shown.setdefault(name, set()).add(path)
    assert shown.keys() == {"board", "admin"}
    assert {"/api/ask", "/api/search", "/api/passages/{id}", "/api/documents", "/v1/responses"} <= shown["board"]
