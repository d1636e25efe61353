"""A bucket of S3 in memory, as strict as S3 where an index depends on it: a conditional PUT is one step.

Enters: requests of one access key, ``KEY``. Leaves: what S3 replies; errors and delays where they are asked for.
"""

import hashlib
import random
import sys
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

KEY = "key-of-the-tests"
NAME = "bucket"


class BucketServer(ThreadingHTTPServer):
    """One bucket, ``NAME``, at ``url``."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, delay_seconds: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Requests)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.delay_seconds = delay_seconds
        """How long each reply waits."""
        self.slow_share = 0.0
        """How many of the requests, in 0..1, are answered with 503 SlowDown."""
        self.refuses = ""
        """The code of the error that each request is answered with."""
        self.writable = True
        self.requests = 0
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.lock = threading.Lock()
        self.random = random.Random(0)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that are killed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def environment(self) -> dict[str, str]:
        """Give the variables that lead a client here."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests",
                "AWS_REGION": "us-east-1"}  # fmt: skip


@contextmanager
def bucket_server(delay_seconds: float = 0.0) -> Generator[BucketServer]:
    """Run a bucket in a thread."""
    with BucketServer(delay_seconds) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Requests(BaseHTTPRequestHandler):
    server: BucketServer  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet

    def do_GET(self) -> None:
        if not self._begin():
            return
        if not self.key:
            self._list()
        elif (data := self.server.objects.get(self.key)) is None:
            self._error(404, "NoSuchKey")
        else:
            self._give(data)

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        if not self._begin():
            return
        tag = f'"{hashlib.md5(self.body, usedforsecurity=False).hexdigest()}"'
        with self.server.lock:
            if not self.server.writable:
                return self._error(403, "AccessDenied")
            if "partNumber" in self.query:
                self.server.parts[self.query["uploadId"]][int(self.query["partNumber"])] = self.body
            elif self.headers["If-None-Match"] == "*" and self.key in self.server.objects:
                return self._error(412, "PreconditionFailed")
            elif source := self.headers["x-amz-copy-source"]:
                self.server.objects[self.key] = self.server.objects[unquote(source).strip("/").partition("/")[2]]
                return self._send(200, f"<CopyObjectResult><ETag>{escape(tag)}</ETag></CopyObjectResult>".encode())
            else:
                self.server.objects[self.key] = self.body
        self._send(200, b"", ETag=tag)

    def do_POST(self) -> None:
        if not self._begin():
            return
        with self.server.lock:
            if "delete" in self.query:
                keys = [one.text or "" for one in ElementTree.fromstring(self.body).iter() if one.tag.endswith("Key")]
                for key in keys:
                    self.server.objects.pop(key, None)
                done = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
                self._send(200, f"<DeleteResult>{done}</DeleteResult>".encode())
            elif "uploads" in self.query:
                name = f"upload{len(self.server.parts)}"
                self.server.parts[name] = {}
                self._send(200, f"<InitiateMultipartUploadResult><UploadId>{name}</UploadId>"
                           "</InitiateMultipartUploadResult>".encode())  # fmt: skip
            else:
                parts = self.server.parts[self.query["uploadId"]]
                self.server.objects[self.key] = b"".join(parts[number] for number in sorted(parts))
                self._send(200, b'<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>')

    def do_DELETE(self) -> None:
        if self._begin():
            with self.server.lock:
                self.server.objects.pop(self.key, None)
            self._send(204, b"")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _begin(self) -> bool:
        """Read the request; False where it was refused."""
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        parts = urlsplit(self.path)
        self.query = {key: values[0] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
        bucket, _, self.key = unquote(parts.path).strip("/").partition("/")
        time.sleep(self.server.delay_seconds)
        with self.server.lock:
            self.server.requests += 1
            is_slow = self.server.random.random() < self.server.slow_share
        if is_slow:
            self._error(503, "SlowDown")
        elif self.server.refuses:
            self._error(400, self.server.refuses)
        elif f"Credential={KEY}/" not in (self.headers["Authorization"] or ""):
            self._error(403, "InvalidAccessKeyId")
        elif bucket != NAME:
            self._error(404, "NoSuchBucket")
        else:
            return True
        return False

    def _list(self) -> None:
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter", "")
        after = max(self.query.get("start-after", ""), self.query.get("continuation-token", ""))
        found: dict[str, int | None] = {}
        with self.server.lock:
            for key, data in self.server.objects.items():
                if key.startswith(prefix) and key > after:
                    rest, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
                    found[f"{prefix}{rest}{cut}" if cut else key] = None if cut else len(data)
        most = int(self.query.get("max-keys", "1000"))
        names = sorted(name for name in found if name > after)
        page = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" if (size := found[name]) is None else
            f"<Contents><Key>{escape(name)}</Key><LastModified>2026-12-01T00:00:00.000Z</LastModified>"
            f'<ETag>"x"</ETag><Size>{size}</Size></Contents>'
            for name in names[:most]
        )  # fmt: skip
        more = len(names) > most
        token = f"<NextContinuationToken>{escape(names[most - 1])}</NextContinuationToken>" if more else ""
        self._send(200, f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{page}"
                   "</ListBucketResult>".encode())  # fmt: skip

    def _give(self, data: bytes) -> None:
        named = {"ETag": '"x"', "Last-Modified": "Tue, 01 Dec 2026 00:00:00 GMT"}
        if not (span := self.headers["Range"]):
            return self._send(200, data, **named)
        first, _, last = span.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(len(data) - int(last), 0)
        end = min(int(last) + 1, len(data)) if first and last else len(data)
        self._send(206, data[start:end], **named, **{"Content-Range": f"bytes {start}-{end - 1}/{len(data)}"})

    def _error(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code><Message>of {KEY}</Message></Error>".encode())

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        self.wfile.flush()
