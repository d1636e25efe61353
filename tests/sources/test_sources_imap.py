"""Messages of a mail server: fetched once each, in more than one try if need be, and left unread."""

import re
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from test_sources import LEAVE, NOTICE, counts, mail, name_sources, reasons, stored, sync

from conftest import Bench
from scoville.sources.imap import ImapSource


class MailServer(socketserver.ThreadingTCPServer):
    """As much of an IMAP server as a client needs that only reads."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.folders: dict[str, dict[int, bytes]] = {"INBOX": {}, "HR team": {}}
        self.said: list[str] = []
        self.drops = 0
        """How many fetches still end with a lost connection."""


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer
    folder: dict[int, bytes]

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.server.said.append(command)
            answer = self.answer(command)
            if answer is None:
                return
            self.wfile.write(answer + f"{tag} ".encode() + self.verdict + b"\r\n")

    def answer(self, command: str) -> bytes | None:
        self.verdict = b"OK done"
        name = command.split()[0]
        if name == "CAPABILITY":
            return b"* CAPABILITY IMAP4REV1\r\n"
        if name == "LOGIN" and '"hunter2"' not in command:
            self.verdict = b"NO wrong password"
        if name == "EXAMINE":
            folder = self.server.folders.get(command.split(" ", 1)[1].strip('"'))
            if folder is None:
                self.verdict = b"NO such folder"
                return b""
            self.folder = folder
            return f"* {len(folder)} EXISTS\r\n* OK [UIDVALIDITY 7] valid\r\n".encode()
        if name == "UID":
            return self.uid(command)
        return b"* BYE\r\n" if name == "LOGOUT" else b""

    def uid(self, command: str) -> bytes | None:
        if "SEARCH" in command:
            return f"* SEARCH {' '.join(map(str, self.folder))}\r\n".encode()
        uid = int(re.findall(r"FETCH (\d+)", command)[0])
        message = self.folder.get(uid)
        if message is None:
            return b""
        if "SIZE" in command:
            return f"* 1 FETCH (UID {uid} RFC822.SIZE {len(message)})\r\n".encode()
        if self.server.drops:
            self.server.drops -= 1
            return None
        return f"* 1 FETCH (UID {uid} BODY[] {{{len(message)}}}\r\n".encode() + message + b")\r\n"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    server = MailServer()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    server.folders["INBOX"] = {4: bytes(mail(1, LEAVE)), 9: bytes(mail(2, NOTICE))}
    monkeypatch.setenv("IMAP_USER", "ana")
    monkeypatch.setenv("IMAP_PASSWORD", "hunter2")
    monkeypatch.setattr("scoville.index.look.FIRST_PAUSE_SECONDS", 0.0)
    yield server
    server.shutdown()
    server.server_close()


def source(server: MailServer, **settings: Any) -> dict[str, Any]:
    place = {"host": "127.0.0.1", "port": server.server_address[1], "tls": False}
    return {"imap": place | settings, "name": "mail"}


@pytest.fixture(autouse=True)
def as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let messages be read as text, whatever the reader of mail makes of them."""
    from scoville.index import making

    def read(data: bytes, *, source: str, **others: Any) -> Any:
        return original(data.split(b"\n\n", 1)[1], **{**others, "name": "a.txt", "source": source})

    original = making.read_bytes
    monkeypatch.setattr(making, "read_bytes", read)


def test_messages_are_fetched_once_and_stay_unread(bench: Bench, server: MailServer):
    server.folders["HR team"] = {1: bytes(mail(3, "Parking is free."))}
    name_sources(bench, source(server, folders=["INBOX", "HR team"]))
    assert counts(sync(bench)) == {"added": 3}
    assert bench.sources == ["mail/HR team/7.1", "mail/INBOX/7.4", "mail/INBOX/7.9"]
    assert not [said for said in server.said if said.startswith(("SELECT", "STORE", "UID STORE")) or "BODY[" in said]
    server.said.clear()
    del server.folders["INBOX"][4]
    assert counts(sync(bench)) == {"unchanged": 2, "removed": 1}
    assert not [said for said in server.said if "FETCH" in said]


def test_a_connection_that_is_lost_is_made_again(bench: Bench, server: MailServer):
    server.drops = 2
    name_sources(bench, source(server))
    assert counts(sync(bench)) == {"added": 2}
    assert {passage.text.strip() for passage in stored(bench)} == {LEAVE, NOTICE}


def test_a_wrong_password_a_missing_folder_and_no_server_are_said(
    bench: Bench, server: MailServer, monkeypatch: pytest.MonkeyPatch
):
    name_sources(bench, source(server, folders=["Nowhere"]), max_attempts=1)
    assert "no folder 'Nowhere'" in reasons(sync(bench))["imap mail"]
    monkeypatch.setenv("IMAP_PASSWORD", "swordfish")
    said = reasons(sync(bench))["imap mail"]
    assert "refuses the user or password" in said
    assert "swordfish" not in said
    name_sources(bench, source(server, port=1), max_attempts=1)
    assert "failed" in reasons(sync(bench))["imap mail"]
    monkeypatch.delenv("IMAP_USER")
    assert "IMAP_USER is not set" in reasons(sync(bench))["imap mail"]


def test_a_password_is_never_sent_in_clear_to_another_machine(bench: Bench, server: MailServer):
    name_sources(bench, {"imap": {"host": "mail.example.com", "tls": False}})
    assert "tls: false" in reasons(sync(bench))["imap mail.example.com"]


def test_a_message_that_is_too_large_is_not_fetched(bench: Bench, server: MailServer, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ImapSource, "__init__", _small(ImapSource.__init__))
    name_sources(bench, source(server))
    assert all("over read.max_megabytes" in reason for reason in reasons(sync(bench)).values())
    assert not [said for said in server.said if "BODY" in said]


def _small(init: Any) -> Any:
    def made(self: ImapSource, *given: Any, **named: Any) -> None:
        init(self, *given, **named)
        self._max_bytes = 10

    return made
