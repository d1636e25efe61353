"""What a site asks of robots, by RFC 9309: a URL in, whether it may be fetched out."""

import threading
from urllib.parse import urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser

from scoville.errors import ReadFailure, SourceUnavailable
from scoville.sources.fetch import Fetcher

MAX_BYTES = 500_000
LONGEST_DELAY_SECONDS = 30.0


class Robots:
    """The robots.txt of each host that is asked, fetched once."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self._known: dict[str, RobotFileParser] = {}
        self._lock = threading.Lock()

    def allow(self, url: str) -> bool:
        """Say whether a URL may be fetched; SourceUnavailable when robots.txt cannot be had now."""
        return self._rules(url).can_fetch(self._fetcher.settings.user_agent, url)

    def sitemaps(self, url: str) -> list[str]:
        """List the sitemaps that the host of a URL names."""
        return self._rules(url).site_maps() or []

    def _rules(self, url: str) -> RobotFileParser:
        parts = urlsplit(url)
        place = urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", ""))
        with self._lock:
            if place not in self._known:
                self._known[place] = self._fetch(place, parts.netloc)
            return self._known[place]

    def _fetch(self, place: str, host: str) -> RobotFileParser:
        rules = RobotFileParser(place)
        try:
            response = self._fetcher.fetch(place, max_bytes=MAX_BYTES)
            text = response.data.decode("utf-8", "replace") if response.status == 200 else ""  # 4xx: no rules
        except ReadFailure:
            text = ""
        except SourceUnavailable as error:
            raise SourceUnavailable(f"the rules for robots cannot be had, so nothing is fetched: {error}") from None
        rules.parse(text.splitlines())
        delay = rules.crawl_delay(self._fetcher.settings.user_agent)
        if delay:
            self._fetcher.delays[host] = min(float(delay), LONGEST_DELAY_SECONDS)
        return rules
