"""Pages of a site: one page, those that it links to, or those of its sitemap.

Enters: an entry of the recipe. Leaves: pages as items, named by their URLs. A page whose links are followed is fetched
while listing; any other is fetched when it is opened, with the validators that its server gave the last time. Stays on
the host of the first page. Knows no formats but HTML's links: the content type only tells text formats apart.
"""

import html
import json
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import unquote, urljoin, urlsplit

from scoville.errors import ReadFailure, SourceError, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import VARIABLE, UrlEntry
from scoville.sources.fetch import MEGABYTE, Fetcher, Response, normal, unzip
from scoville.sources.item import Content, Gone, Item, NotThere, Place
from scoville.sources.pattern import chooser
from scoville.sources.robots import Robots
from scoville.sources.secret import expand, expand_url, scrub, without_user

SITEMAP_BYTES = 50 * MEGABYTE  # the most that the protocol allows, unpacked
MAX_SITEMAPS = 50
LOCATION = re.compile(r"<(?:\w+:)?loc>\s*(?:<!\[CDATA\[)?\s*(.*?)\s*(?:\]\]>)?\s*</(?:\w+:)?loc>", re.DOTALL)
SITEMAP_INDEX = re.compile(r"<(?:\w+:)?sitemapindex[\s>]")
SUFFIXES = {
    "text/html": ".html", "application/xhtml+xml": ".html", "text/markdown": ".md", "text/plain": ".txt",
    "text/csv": ".csv",
}  # fmt: skip


class WebSource:
    """Pages of one site."""

    def __init__(self, entry: UrlEntry, recipe: Recipe, place: Place, key: str) -> None:
        self.key = key
        self.entry = entry
        self.url = normal(entry.url)
        self._host = urlsplit(self.url).netloc
        self._fetcher = Fetcher(recipe.sources, max_megabytes=recipe.read.max_megabytes)
        self._robots = Robots(self._fetcher) if entry.robots else None
        self._headers: dict[str, str] = {}
        self._takes = chooser(entry)
        self._missing: set[str] = set()
        self._is_complete = True

    def items(self) -> Iterable[Item]:
        """List the pages; SourceUnavailable when the first one, or the sitemap, cannot be had now."""
        self._missing, self._is_complete = set(), True
        self._headers = {name: expand(value) for name, value in self.entry.headers.items()}
        if self.entry.sitemap:
            return self._from_sitemap()
        if self.entry.depth == 0:
            return [Item(self.url, partial(self._open, self.url))]
        return self._crawl()

    def covers(self, name: str) -> bool:
        """Say whether an item is this page."""
        return name == self.url

    def gone(self, names: Collection[str]) -> set[str]:
        """Say which pages are gone: all that were not listed, unless a page with links could not be had."""
        return set(names) if self._is_complete else set(names) & self._missing

    def close(self) -> None:
        """Let go of nothing."""

    def _open(self, url: str, validator: str) -> Content | None:
        response = self._get(url, validator)
        if url != self.url and not self._is_here(response.url):
            raise ReadFailure(f"leads to another host: {response.url}")
        return None if response.status == 304 else _content(response)

    def _get(self, url: str, validator: str = "") -> Response:
        """Fetch a page. Raises Gone, ReadFailure and SourceError."""
        if self._robots and not self._robots.allow(url):
            raise ReadFailure("robots.txt of its site asks not to fetch it; for a site of your own, set robots: false")
        conditions = json.loads(validator) if validator else {}
        response = self._fetch(url, {**self._headers, **conditions})
        if response.status in (404, 410):
            self._missing.add(url)
            raise (NotThere if url == self.url else Gone)(f"answered {response.status}")
        if response.status not in (200, 304):
            raise SourceError(f"its server answered {response.status}")
        return response

    def _fetch(self, url: str, headers: Mapping[str, str]) -> Response:
        """Fetch a page. Only the recipe's own URL is given values of the environment, and none of them is said."""
        if url != self.url or not VARIABLE.search(self.entry.url):
            return self._fetcher.fetch(url, headers)
        secrets = [self.entry.url]
        try:
            response = self._fetcher.fetch(expand_url(self.entry.url), headers)
        except (SourceError, ReadFailure) as error:
            raise type(error)(scrub(error, secrets)) from None
        led_away = without_user(response.url) != without_user(url)
        return response._replace(url=scrub(response.url, secrets) if led_away else url)

    def _crawl(self) -> Iterator[Item]:
        """Follow links, nearest first."""
        waiting = deque([(self.url, 0)])
        seen = {self.url}
        listed: set[str] = set()
        while waiting:
            url, depth = waiting.popleft()
            if depth == self.entry.depth:
                if self._is_taken(url):
                    listed.add(url)
                    yield Item(url, partial(self._open, url))
            else:
                response, failure = self._try(url)
                place = response.url if response else url
                if url == self.url:
                    self._host = urlsplit(place).netloc  # example.com may lead to www.example.com
                if place in listed or not self._is_here(place):
                    continue
                if self._is_taken(place):
                    listed.add(place)
                    later = isinstance(failure, SourceUnavailable)  # then it is fetched again when it is opened
                    yield Item(place, partial(self._open, place) if later else _opened(response, failure))
                links = [] if response is None else _links(response)
                fresh = [link for link in dict.fromkeys(links) if link not in seen and self._is_here(link)]
                seen.update(fresh)
                waiting += [(link, depth + 1) for link in fresh]
            if len(listed) >= self.entry.max_pages and waiting:
                self._is_complete = False
                return

    def _try(self, url: str) -> tuple[Response | None, Exception | None]:
        """Fetch a page for its links; without the first page there is nothing."""
        try:
            return self._get(url), None
        except Gone as error:
            if url == self.url:
                raise SourceUnavailable(f"{url} {error}") from None
            return None, error
        except (ReadFailure, SourceError) as error:
            if url == self.url:
                raise SourceUnavailable(f"{url}: {error}") from None
            self._is_complete = False
            return None, error

    def _from_sitemap(self) -> Iterator[Item]:
        """List the pages of the sitemap and of those that it names."""
        waiting = deque(self._sitemaps())
        seen = set(waiting)
        listed: set[str] = set()
        while waiting:
            places, is_index = self._read_sitemap(waiting.popleft())
            for place in places:
                if not self._is_here(place):
                    continue
                if is_index and place not in seen and len(seen) < MAX_SITEMAPS:
                    seen.add(place)
                    waiting.append(place)
                elif not is_index and place not in listed and self._is_taken(place):
                    if len(listed) >= self.entry.max_pages:
                        self._is_complete = False
                        return
                    listed.add(place)
                    yield Item(place, partial(self._open, place))

    def _sitemaps(self) -> list[str]:
        if re.search(r"\.xml(\.gz)?$", urlsplit(self.url).path):
            return [self.url]
        named = [normal(url) for url in self._robots.sitemaps(self.url)] if self._robots else []
        return [url for url in named if self._is_here(url)] or [normal(urljoin(self.url, "/sitemap.xml"))]

    def _read_sitemap(self, url: str) -> tuple[list[str], bool]:
        """Give the URLs of a sitemap, and whether they are those of further sitemaps."""
        try:
            response = self._fetcher.fetch(url, self._headers, max_bytes=SITEMAP_BYTES)
            data = unzip(response.data, SITEMAP_BYTES) if response.data.startswith(b"\x1f\x8b") else response.data
        except ReadFailure as error:
            raise SourceUnavailable(f"the sitemap {url} {error}") from None
        if response.status != 200:
            raise SourceUnavailable(f"the sitemap {url} answered {response.status}")
        text = data.decode("utf-8", "replace")
        if "<" not in text or not re.search(r"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", text):
            raise SourceUnavailable(f"{url} is no sitemap")
        places = [html.unescape(found) for found in LOCATION.findall(text)]
        return list(dict.fromkeys(filter(None, (_joined("", place) for place in places)))), bool(
            SITEMAP_INDEX.search(text)
        )

    def _is_here(self, url: str) -> bool:
        return urlsplit(url).netloc == self._host

    def _is_taken(self, url: str) -> bool:
        return self._takes(unquote(urlsplit(url).path).lstrip("/"))


def _opened(response: Response | None, failure: Exception | None) -> Callable[[str], Content | None]:
    """Give an item's function for a page that was fetched already."""

    def give(validator: str) -> Content:
        if response is None:
            raise failure or Gone
        return _content(response)

    return give


def _content(response: Response) -> Content:
    path = PurePosixPath(unquote(urlsplit(response.url).path))
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    name = path.name or urlsplit(response.url).netloc
    suffix = SUFFIXES.get(kind, "")
    kept = {"If-None-Match": "etag", "If-Modified-Since": "last-modified"}
    validators = {sent: response.headers[given] for sent, given in kept.items() if given in response.headers}
    return Content(
        data=response.data,
        file_name=name if not suffix or name.lower().endswith(suffix) else name + suffix,
        validator=json.dumps(validators) if validators else "",
    )


def _links(response: Response) -> list[str]:
    """Give the links of a page, in its order; none of what is no HTML."""
    head = response.data[:1000].lstrip().lower()
    kind = response.headers.get("content-type", "")
    if "html" not in kind and not head.startswith((b"<!doctype html", b"<html")):
        return []
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(response.data.decode("utf-8", "replace"))
    base = tree.css_first("base[href]")
    start = urljoin(response.url, (base.attributes.get("href") or "") if base else "")
    targets = [node.attributes.get("href") or "" for node in tree.css("a[href]")]
    return [link for target in targets if (link := _joined(start, target))]


def _joined(base: str, target: str) -> str:
    """Give the one form of where a link leads; empty for what is no URL of the web."""
    try:
        return normal(urljoin(base, target))
    except (SourceError, ValueError):
        return ""
