"""Files of a WebDAV server (RFC 4918), such as Nextcloud: PROPFIND to list, GET to read.

Enters: an entry of the recipe whose URL begins with ``webdav+http``. Leaves: its files as items. User and password
stand in the URL as ``${NAME}`` and are sent to this server only.
"""

import base64
import re
import xml.etree.ElementTree as Xml
from collections.abc import Iterator
from functools import partial
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes, urljoin, urlsplit

from scoville.errors import ReadFailure, SourceError, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import RemoteEntry
from scoville.sources.fetch import KEPT_IN_PATH, MEGABYTE, Fetcher, normal
from scoville.sources.item import Content, Gone, Item, Listing
from scoville.sources.pattern import chooser
from scoville.sources.secret import expand, without_user

LISTING_BYTES = 50 * MEGABYTE
KEPT_IN_NAME = KEPT_IN_PATH.replace("/", "").replace("%", "")
ASKED = (
    b'<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/><getetag/><getcontentlength/>'
    b"<getlastmodified/></prop></propfind>"
)


class _Entry(NamedTuple):
    url: str
    is_folder: bool
    validator: str


class WebdavSource(Listing):
    """Files below a folder of a WebDAV server."""

    def __init__(self, entry: RemoteEntry, recipe: Recipe, key: str) -> None:
        address = entry.remote.removeprefix("webdav+")
        self._base = _one_form(normal(without_user(address))).rstrip("/") + "/"
        super().__init__(key=key, prefix=self._base)
        self._fetcher = Fetcher(recipe.sources, max_megabytes=recipe.read.max_megabytes)
        self._takes = chooser(entry)
        self._address = address
        self._headers: dict[str, str] = {}

    def items(self) -> Iterator[Item]:
        """List the files, folder by folder."""
        self._headers = _authorization(self._address)
        waiting, seen = [self._base], {self._base}
        while waiting:
            for entry in self._list(waiting.pop()):
                if not self.covers(entry.url) or entry.url in seen:
                    continue
                seen.add(entry.url)
                below = entry.url[len(self._base) :] or entry.url.rpartition("/")[2]
                if entry.is_folder:
                    waiting.append(entry.url)
                elif self._takes(unquote(below)):
                    yield Item(entry.url, partial(self._open, entry))

    def covers(self, name: str) -> bool:
        """Say whether an item is the file of this URL, or lies below it."""
        return f"{name}/" == self._base or name.startswith(self._base)

    def _list(self, folder: str) -> list[_Entry]:
        headers = {**self._headers, "Depth": "1", "Content-Type": "application/xml"}
        try:
            response = self._fetcher.fetch(folder, headers, method="PROPFIND", body=ASKED, max_bytes=LISTING_BYTES)
        except ReadFailure as error:
            raise SourceUnavailable(f"the list of {folder} {error}") from None
        if response.status in (401, 403):
            asked = response.headers.get("www-authenticate", "Basic")
            if "basic" not in asked.lower():
                raise SourceError(f"{folder} asks for {asked.split()[0]}: only Basic is known; let it allow that")
            raise SourceError(f"{folder} answered {response.status}: set the variables of its user and password")
        if response.status in (404, 410):
            raise SourceUnavailable(f"{folder} is not there: its server answered {response.status}")
        if response.status != 207:
            raise SourceUnavailable(f"{folder} answered {response.status}, and 207 was expected: is it WebDAV?")
        if b"<!DOCTYPE" in response.data:
            raise SourceError(f"{folder} answered XML with a DOCTYPE, which is not read")
        try:
            tree = Xml.fromstring(response.data)
            return [_entry(folder, node) for node in tree.iter("{DAV:}response")]
        except (Xml.ParseError, ValueError) as error:  # the second: of an address that is none
            raise SourceUnavailable(f"{folder} answered XML that is damaged: {error}") from None

    def _open(self, entry: _Entry, validator: str) -> Content | None:
        if entry.validator and entry.validator == validator:
            return None
        response = self._fetcher.fetch(entry.url, self._headers)
        if response.status in (404, 410):
            raise Gone(entry.url)
        if response.status != 200:
            raise SourceError(f"its server answered {response.status}")
        name = PurePosixPath(unquote(urlsplit(entry.url).path)).name
        return Content(data=response.data, file_name=name, validator=entry.validator)


def _entry(folder: str, node: Xml.Element) -> _Entry:
    target = urlsplit(urljoin(folder, (node.findtext("{DAV:}href") or "").strip()))
    url = _one_form(urljoin(folder, target.path))  # behind a proxy, servers name themselves otherwise
    is_folder = node.find(".//{DAV:}collection") is not None
    etag = node.findtext(".//{DAV:}getetag") or ""
    changed = node.findtext(".//{DAV:}getlastmodified") or ""
    size = node.findtext(".//{DAV:}getcontentlength") or ""
    url = url.rstrip("/") + "/" * is_folder
    return _Entry(url, is_folder, etag or (changed and f"{changed}-{size}"))


def _one_form(url: str) -> str:
    """Give the one form of a URL that differs only in what is escaped: ``%7Eana`` is ``~ana``."""
    scheme, host, path = urlsplit(url)[:3]
    parts = [quote(unquote_to_bytes(part), safe=KEPT_IN_NAME) for part in path.split("/")]  # %2F divides nothing
    return f"{scheme}://{host}{'/'.join(parts) or '/'}"


def _authorization(address: str) -> dict[str, str]:
    found = re.match(r"[^/]*//([^/?#@]*)@", address)
    if not found:
        return {}
    user, _, password = found[1].partition(":")
    pair = f"{expand(unquote(user))}:{expand(password)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
