"""Pages of the web: what is fetched, what is followed, and where nobody is led."""

import base64
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from test_sources import LEAVE, NOTICE, PARKING, counts, name_sources, reasons, sync

from conftest import Bench
from scoville.errors import ReadFailure, RecipeError, SourceError, SourceUnavailable, UsageError
from scoville.index import add_paths
from scoville.recipe.file import load_recipe
from scoville.recipe.sources import Sources
from scoville.sources import address
from scoville.sources.fetch import Fetcher, normal, unzip

Page = tuple[int, dict[str, str], bytes]


class Site:
    """A web server on this machine whose pages are a dictionary."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Any], Page]] = {}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                site.asked.append(self.path)
                site.headers.append({name.lower(): value for name, value in self.headers.items()})
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                page = site.pages.get(self.path, (404, {}, b"not here"))
                status, headers, body = page(self) if callable(page) else page
                if status == 0:  # it answered itself
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_PROPFIND = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def html(self, path: str, body: str, **headers: str) -> None:
        kind = {"Content-Type": "text/html; charset=utf-8", **headers}
        self.pages[path] = (200, kind, f"<!doctype html><title>T</title><body>{body}".encode())

    def fetched(self, path: str) -> int:
        return self.asked.count(path)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    threading.Thread(target=site.server.serve_forever, args=(0.01,), daemon=True).start()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoville.index.look.FIRST_PAUSE_SECONDS", 0.0)


def watch(bench: Bench, *entries: dict[str, Any], **settings: Any) -> None:
    usual = {"private_hosts": ["127.0.0.1", "localhost"], "max_attempts": 2, "timeout_seconds": 5}
    name_sources(bench, *entries, **(usual | settings))


def fetcher(**settings: Any) -> Fetcher:
    values = {"private_hosts": ("127.0.0.1", "localhost"), "delay_seconds": 0.0, "timeout_seconds": 5} | settings
    return Fetcher(Sources.model_validate(values), max_megabytes=1)


# Keys in a query


def test_a_query_is_given_values_of_the_environment_and_they_are_kept_nowhere(
    bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DOCS_KEY", "s3cret&more=1")
    site.html("/a?key=s3cret%26more%3D1", LEAVE)
    watch(bench, {"url": f"{site.url}/a?key=${{DOCS_KEY}}", "robots": False})
    assert sync(bench).added == 1
    stored = b"".join(path.read_bytes() for path in bench.workspace.root.rglob("*") if path.is_file())
    assert b"s3cret" not in stored
    site.pages.clear()
    site.pages["/a?key=s3cret%26more%3D1"] = (500, {}, b"no")
    assert "s3cret" not in str(reasons(sync(bench)))


def test_a_page_cannot_ask_for_values_of_the_environment(bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCS_KEY", "s3cret")
    site.html("/a?key=s3cret", '<a href="/b?take=${DOCS_KEY}">b</a>')
    site.html("/b?take=$%7BDOCS_KEY%7D", LEAVE)
    watch(bench, {"url": f"{site.url}/a?key=${{DOCS_KEY}}", "depth": 1, "robots": False})
    sync(bench)
    assert not [path for path in site.asked if path.startswith("/b") and "s3cret" in path]


@pytest.mark.parametrize(
    "entry",
    ["{url: 'https://docs.example/a?api_key=sk-made-up'}", "{url: 'https://docs.example/?x=1&token=sk-made-up'}",
     "{git: 'https://docs.example/a.git?key=sk-made-up'}"],
)  # fmt: skip
def test_a_key_that_is_written_out_in_a_query_is_refused_and_not_shown(entry: str):
    with pytest.raises(RecipeError, match="write \\$") as refused:
        load_recipe(None, environment={}, flags=(f"sources.entries=[{entry}]",))
    assert "sk-made-up" not in str(refused.value)


def test_a_typed_url_with_a_key_is_a_usage_error(bench: Bench):
    with pytest.raises(UsageError, match="token in its query") as refused:
        bench.add("https://docs.example/a?token=sk-made-up")
    assert "sk-made-up" not in str(refused.value)


# Where nobody is led


@pytest.mark.parametrize(
    "place",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
        "2002:7f00:1::", "::", "ff02::1", "192.0.2.1", "no address",
    ],
)  # fmt: skip
def test_these_addresses_are_not_public(place: str):
    assert not address.is_public(place)


@pytest.mark.parametrize("place", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"])
def test_these_addresses_are_public(place: str):
    assert address.is_public(place)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1/", "http://localhost/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://0/"],
)
def test_a_url_to_this_machine_is_refused_however_it_is_written(url: str):
    with pytest.raises((SourceError, SourceUnavailable)) as refused:
        fetcher(private_hosts=()).fetch(url)
    assert "is no public address" in str(refused.value) or "cannot be resolved" in str(refused.value)


def test_a_redirect_to_a_private_address_is_refused(bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(address, "is_public", lambda place: place == "127.0.0.1")
    site.pages["/a"] = (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")
    report = add_paths(bench.workspace, with_delay(bench), [f"{site.url}/a"])
    assert "leads to 169.254.169.254, which is no public address" in reasons(report)[f"{site.url}/a"]


def test_a_host_that_may_be_private_leads_to_no_other_that_is(site: Site):
    site.pages["/a"] = (302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b"")
    with pytest.raises(SourceError, match=r"169\.254\.169\.254, which is no public address"):
        fetcher(private_hosts=("127.0.0.1",)).fetch(f"{site.url}/a")


def with_delay(bench: Bench) -> Any:
    bench.set(sources={"delay_seconds": 0.0})
    return bench.recipe


def test_a_connection_goes_to_the_address_that_was_checked(site: Site, monkeypatch: pytest.MonkeyPatch):
    """A name that is public when it is checked and private a moment later leads nowhere private."""
    answers = iter(["127.0.0.1", "10.0.0.1", "10.0.0.1"])
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(address, "is_public", lambda place: place == "127.0.0.1")
    site.html("/", LEAVE)
    port = site.server.server_port
    assert fetcher(private_hosts=()).fetch(f"http://rebinding.example:{port}/").status == 200
    assert asked == ["rebinding.example"]
    with pytest.raises(SourceError, match=r"10\.0\.0\.1"):
        fetcher(private_hosts=()).fetch(f"http://rebinding.example:{port}/")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch: pytest.MonkeyPatch):
    found = [(socket.AF_INET, 1, 6, "", (place, 80)) for place in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)
    with pytest.raises(SourceError, match="private_hosts"):
        address.resolve("two.example", 80)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "gopher://x/", "ftp://x/", "http:///a", "//x/", "http://[x/"])
def test_what_is_no_url_of_the_web_is_refused(url: str):
    with pytest.raises(SourceError, match="no URL"):
        fetcher().fetch(url)


def test_a_redirect_to_a_file_is_refused(site: Site):
    site.pages["/"] = (302, {"Location": "file:///etc/passwd"}, b"")
    with pytest.raises(SourceError, match="no URL of the web"):
        fetcher().fetch(f"{site.url}/")


def test_redirects_end(site: Site):
    site.pages["/"] = (302, {"Location": "/"}, b"")
    with pytest.raises(SourceError, match="more than 5 times"):
        fetcher().fetch(f"{site.url}/")
    assert site.fetched("/") == 6


# How much, how long, how often


def test_a_page_that_is_too_large_is_refused_while_it_comes(site: Site):
    sent: list[int] = []

    def endless(handler: Any) -> Page:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            for _ in range(10_000):
                handler.wfile.write(bytes(100_000))
                sent.append(1)
        except OSError:
            pass
        handler.close_connection = True
        return (0, {}, b"")

    site.pages["/"] = endless
    with pytest.raises(ReadFailure, match=r"over 1 MB, over read\.max_megabytes"):
        fetcher().fetch(f"{site.url}/")
    assert len(sent) < 1000


def test_gzip_is_unpacked_up_to_the_limit(site: Site):
    site.pages["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(b"packed"))
    assert fetcher().fetch(f"{site.url}/").data == b"packed"
    site.pages["/"] = (200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(50_000_000)))
    with pytest.raises(ReadFailure, match="bomb"):
        fetcher().fetch(f"{site.url}/")
    with pytest.raises(ReadFailure, match="damaged"):
        unzip(b"\x1f\x8bnot gzip", 1000)


@pytest.mark.parametrize("where", ["head", "body"])
def test_a_server_that_sends_a_byte_now_and_then_does_not_hold_on(site: Site, where: str):
    def drip(handler: Any) -> Page:
        try:
            if where == "body":
                handler.send_response(200)
                handler.send_header("Connection", "close")
                handler.end_headers()
            else:
                handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for number in range(400):
                handler.wfile.write(b"x" if where == "body" else f"X-{number}: y\r\n".encode())
                handler.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass
        handler.close_connection = True
        return (0, {}, b"")

    site.pages["/"] = drip
    started = time.monotonic()
    with pytest.raises(SourceUnavailable, match="took over 1 s"):
        fetcher(timeout_seconds=1).fetch(f"{site.url}/")
    assert time.monotonic() - started < 30


def test_a_page_that_breaks_off_is_not_taken_for_whole(site: Site):
    def cut(handler: Any) -> Page:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
        handler.close_connection = True
        return (0, {}, b"")

    site.pages["/"] = cut
    with pytest.raises(SourceUnavailable, match="IncompleteRead"):
        fetcher().fetch(f"{site.url}/")


def test_requests_to_one_host_keep_their_distance(site: Site):
    site.html("/", LEAVE)
    polite = fetcher(delay_seconds=0.2)
    started = time.monotonic()
    threads = [threading.Thread(target=polite.fetch, args=(f"{site.url}/",)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - started >= 0.4


def test_a_url_has_one_form():
    assert normal("HTTP://Example.com:80/a b/ü?q=ä#top") == "http://example.com/a%20b/%C3%BC?q=%C3%A4"
    assert normal("https://me:x@example.com") == "https://example.com/"
    assert normal("http://bücher.example:8080/%41") == "http://xn--bcher-kva.example:8080/%41"


# Pages


class TestOnePage:
    def test_a_page_is_added_changed_and_removed(self, bench: Bench, site: Site):
        watch(bench)
        url = f"{site.url}/leave"
        site.html("/leave", f"<p>{LEAVE}</p>")
        assert counts(add_paths(bench.workspace, bench.recipe, [url])) == {"added": 1}
        assert bench.sources == [url]
        site.html("/leave", f"<p>{NOTICE}</p>")
        assert counts(add_paths(bench.workspace, bench.recipe, [url])) == {"changed": 1}
        del site.pages["/leave"]
        assert counts(add_paths(bench.workspace, bench.recipe, [url])) == {"removed": 1}

    def test_a_page_that_never_was_there_is_a_failure(self, bench: Bench, site: Site):
        watch(bench, {"url": f"{site.url}/laeve"})
        report = sync(bench)
        assert reasons(report) == {f"{site.url}/laeve": "answered 404"}
        assert report.failed[0].is_named
        report = add_paths(bench.workspace, bench.recipe, [f"{site.url}/laeve"])
        assert reasons(report) == {f"{site.url}/laeve": "answered 404"}

    def test_a_page_that_did_not_change_is_asked_for_with_its_etag(self, bench: Bench, site: Site):
        watch(bench)

        def page(handler: Any) -> Page:
            if handler.headers.get("If-None-Match") == '"1"':
                return (304, {}, b"")
            return (200, {"ETag": '"1"', "Content-Type": "text/html"}, f"<p>{LEAVE}</p>".encode())

        site.pages["/leave"] = page
        for expected in ("added", "unchanged", "unchanged"):
            assert counts(add_paths(bench.workspace, bench.recipe, [f"{site.url}/leave"])) == {expected: 1}
        assert site.headers[-1]["if-none-match"] == '"1"'
        assert site.headers[-1]["user-agent"] == "Scoville"

    def test_the_content_type_is_only_a_hint(self, bench: Bench, site: Site):
        watch(bench)
        site.pages["/md"] = (200, {"Content-Type": "text/markdown"}, f"# Leave\n\n{LEAVE}".encode())
        site.pages["/lie"] = (200, {"Content-Type": "application/pdf"}, f"<html><p>{NOTICE}</p></html>".encode())
        add_paths(bench.workspace, bench.recipe, [f"{site.url}/md", f"{site.url}/lie"])
        kinds = {source: state for source, state in bench.index.documents().items()}
        assert sorted(kinds) == [f"{site.url}/lie", f"{site.url}/md"]
        ids = [row["id"] for row in bench.index._table.search().select(["id"]).to_list()]
        assert {one.media_type for one in bench.index.passages(ids)} == {"text/markdown", "text/html"}

    @pytest.mark.parametrize("status", [403, 500])
    def test_a_page_that_is_refused_keeps_its_passages(self, bench: Bench, site: Site, status: int):
        watch(bench)
        url = f"{site.url}/leave"
        site.html("/leave", f"<p>{LEAVE}</p>")
        add_paths(bench.workspace, bench.recipe, [url])
        site.pages["/leave"] = (status, {}, b"")
        report = add_paths(bench.workspace, bench.recipe, [url])
        assert str(status) in reasons(report)[url]
        assert site.fetched("/leave") == (2 if status == 403 else 3)
        assert bench.sources == [url]

    def test_robots_are_heard(self, bench: Bench, site: Site):
        watch(bench, {"url": f"{site.url}/private/a"})
        site.pages["/robots.txt"] = (200, {}, b"User-agent: *\nDisallow: /private/\n")
        site.html("/private/a", LEAVE)
        assert "robots.txt" in reasons(sync(bench))[f"{site.url}/private/a"]
        assert site.fetched("/private/a") == 0
        watch(bench, {"url": f"{site.url}/private/a", "robots": False})
        assert sync(bench).added == 1

    def test_headers_go_to_their_own_host_only(self, bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch):
        other = Site()
        threading.Thread(target=other.server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("DOCS_TOKEN", "hunter2")
        site.pages["/a"] = (302, {"Location": f"{other.url}/b"}, b"")
        other.html("/b", f"<p>{LEAVE}</p>")
        watch(bench, {"url": f"{site.url}/a", "headers": {"Authorization": "Bearer ${DOCS_TOKEN}"}, "robots": False})
        assert sync(bench).added == 1
        other.server.shutdown()
        other.server.server_close()
        assert site.headers[-1]["authorization"] == "Bearer hunter2"
        assert "authorization" not in other.headers[-1]


class TestManyPages:
    @pytest.fixture
    def linked(self, site: Site) -> Site:
        site.html("/", '<a href="/a">a</a> <a href="b#x">b</a> <a href="http://elsewhere.example/">e</a> Welcome all.')
        site.html("/a", f'<p>{LEAVE}</p><a href="/deep">deep</a><a href="/">home</a>')
        site.html("/b", f"<p>{NOTICE}</p>")
        site.html("/deep", f"<p>{PARKING}</p>")
        return site

    @pytest.mark.parametrize(("depth", "paths"), [(0, ["/"]), (1, ["/", "/a", "/b"]), (2, ["/", "/a", "/b", "/deep"])])
    def test_links_are_followed_so_far_on_one_host(self, bench: Bench, linked: Site, depth: int, paths: list[str]):
        watch(bench, {"url": linked.url, "depth": depth})
        sync(bench)
        assert bench.sources == [linked.url + path for path in paths]

    def test_patterns_choose_pages_and_still_follow_their_links(self, bench: Bench, linked: Site):
        watch(bench, {"url": linked.url, "depth": 2, "include": ["deep"]})
        sync(bench)
        assert bench.sources == [f"{linked.url}/deep"]

    def test_a_page_that_is_linked_no_more_goes(self, bench: Bench, linked: Site):
        watch(bench, {"url": linked.url, "depth": 1})
        sync(bench)
        linked.html("/", '<a href="/a">a</a> Welcome all.')
        assert counts(sync(bench)) == {"changed": 1, "unchanged": 1, "removed": 1}

    def test_a_page_with_links_that_fails_lets_nothing_go_but_what_is_gone(self, bench: Bench, linked: Site):
        watch(bench, {"url": linked.url, "depth": 2})
        sync(bench)
        linked.pages["/a"] = (500, {}, b"")
        assert list(reasons(sync(bench))) == [f"{linked.url}/a"]
        assert len(bench.sources) == 4
        del linked.pages["/a"]
        sync(bench)
        assert bench.sources == [linked.url + path for path in ("/", "/b")]

    def test_a_site_that_is_down_keeps_its_pages(self, bench: Bench, linked: Site):
        watch(bench, {"url": linked.url, "depth": 1})
        sync(bench)
        linked.pages = {}
        assert list(reasons(sync(bench))) == [f"url {linked.url}"]
        assert len(bench.sources) == 3

    def test_no_more_pages_than_allowed(self, bench: Bench, linked: Site):
        watch(bench, {"url": linked.url, "depth": 2, "max_pages": 2})
        assert sync(bench).documents == 2

    def test_a_sitemap_and_those_it_names_are_read_packed_too(self, bench: Bench, linked: Site):
        linked.pages["/robots.txt"] = (200, {}, f"Sitemap: {linked.url}/maps.xml\n".encode())
        index = f"<sitemapindex><sitemap><loc>{linked.url}/one.xml.gz</loc></sitemap></sitemapindex>"
        pages = "".join(f"<url><loc> {place} </loc></url>" for place in (
            f"{linked.url}/b", f"<![CDATA[{linked.url}/deep]]>", "http://elsewhere.example/x", "javascript:0",
        ))  # fmt: skip
        linked.pages["/maps.xml"] = (200, {}, index.encode())
        linked.pages["/one.xml.gz"] = (
            200,
            {},
            gzip.compress(f"<?xml version='1.0'?><urlset>{pages}</urlset>".encode()),
        )
        watch(bench, {"url": linked.url, "sitemap": True})
        sync(bench)
        assert bench.sources == [f"{linked.url}/b", f"{linked.url}/deep"]
        linked.pages["/one.xml.gz"] = (
            200,
            {},
            gzip.compress(f"<urlset><url><loc>{linked.url}/b</loc></url></urlset>".encode()),
        )
        assert counts(sync(bench)) == {"unchanged": 1, "removed": 1}
        linked.pages["/one.xml.gz"] = (200, {}, gzip.compress(bytes(60_000_000)))
        assert "bomb" in reasons(sync(bench))[f"url {linked.url}"]
        linked.pages["/maps.xml"] = (200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")
        assert "is no sitemap" in reasons(sync(bench))[f"url {linked.url}"]
        assert bench.sources == [f"{linked.url}/b"]


# WebDAV


def test_files_of_a_webdav_server(bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch):
    def answer(*entries: tuple[str, str]) -> Page:
        rows = "".join(
            f"<d:response><d:href>{href}</d:href><d:propstat><d:prop>{about}</d:prop></d:propstat></d:response>"
            for href, about in entries
        )
        return (207, {}, f'<?xml version="1.0"?><d:multistatus xmlns:d="DAV:">{rows}</d:multistatus>'.encode())

    folder = "<d:resourcetype><d:collection/></d:resourcetype>"
    top = [
        ("/dav/", folder),
        ("/dav/a%20b.txt", "<d:getetag>1</d:getetag>"),
        ("/dav/sub/", folder),
        ("/else/x.txt", ""),
    ]
    site.pages["/dav/"] = answer(*top)
    site.pages["/dav/sub/"] = answer(("/dav/sub/", folder), ("/dav/sub/c.txt", "<d:getetag>1</d:getetag>"))
    site.pages["/dav/a%20b.txt"] = (200, {}, LEAVE.encode())
    site.pages["/dav/sub/c.txt"] = (200, {}, NOTICE.encode())
    monkeypatch.setenv("DAV_PASSWORD", "hunter2")
    address = site.url.replace("http://", "webdav+http://ana:${DAV_PASSWORD}@")
    watch(bench, {"remote": f"{address}/dav", "name": "files"})
    assert counts(sync(bench)) == {"added": 2}
    assert bench.sources == [f"{site.url}/dav/a%20b.txt", f"{site.url}/dav/sub/c.txt"]
    assert site.headers[-1]["authorization"] == f"Basic {base64.b64encode(b'ana:hunter2').decode()}"
    assert counts(sync(bench)) == {"unchanged": 2}
    assert site.fetched("/dav/sub/c.txt") == 1
    site.pages["/dav/"] = answer(*top[:2])
    assert counts(sync(bench)) == {"removed": 1, "unchanged": 1}
    site.pages["/dav/"] = (401, {}, b"")
    assert "user and password" in reasons(sync(bench))["remote files"]
    site.pages["/dav/"] = (207, {}, b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')
    assert "DOCTYPE" in reasons(sync(bench))["remote files"]
    assert len(bench.sources) == 1
