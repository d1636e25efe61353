"""An entry of the recipe, or what somebody typed, to the source that it means.

Knows every kind of source by name, and imports it when it is meant.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from scoville.errors import RecipeError
from scoville.recipe import Recipe
from scoville.recipe.sources import (
    Entry,
    GitEntry,
    ImapEntry,
    MailboxEntry,
    PathEntry,
    RemoteEntry,
    SqlEntry,
    UrlEntry,
)
from scoville.sources.files import FileSource
from scoville.sources.item import Source
from scoville.sources.secret import without_user


class Place(NamedTuple):
    """The folder that paths are relative to, and what its files are called."""

    root: Path
    name_of: Callable[[Path], str]
    path_of: Callable[[str], Path]


def open_entries(recipe: Recipe, place: Place) -> list[tuple[Entry, Source]]:
    """Open every source of a recipe; RecipeError when two are called the same."""
    entries = recipe.sources.entries
    keys = [key_of(entry) for entry in entries]
    twice = next((key for key, count in Counter(keys).items() if count > 1), None)
    if twice:
        raise RecipeError(f"sources: two are {twice!r}; give one of them another `name`")
    return [(entry, _open(entry, recipe, place, key)) for entry, key in zip(entries, keys, strict=True)]


def source_of_files(entry: Entry, place: Place) -> FileSource | None:
    """Give the files of this machine that the documents of an entry are made of; None where they lie elsewhere."""
    match entry:
        case PathEntry():
            return FileSource(
                [place.root / Path(entry.path).expanduser()], name_of=place.name_of, path_of=place.path_of, entry=entry
            )
        case MailboxEntry():
            folder = place.root / Path(entry.mailbox).expanduser()
        case GitEntry():
            from scoville.sources.git import local_folder

            folder = local_folder(entry.git, place.root)
        case RemoteEntry():
            from scoville.sources.remote import local_folder

            folder = local_folder(entry.remote)
        case _:
            folder = None
    return FileSource([folder], name_of=place.name_of, path_of=place.path_of) if folder else None


def open_place(url: str, recipe: Recipe, place: Place) -> Source:
    """Open a URL that somebody typed: of the web, or of another file system."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return FileSource([Path(rest)], name_of=place.name_of, path_of=place.path_of)
    entry = UrlEntry(url=url) if scheme in ("http", "https") else RemoteEntry(remote=url)
    return _open(entry, recipe, place, "")


def key_of(entry: Entry) -> str:
    """Name a source in the index: by its name, or by where it is, without secrets."""
    match entry:
        case PathEntry():
            kind, where = "path", entry.path
        case MailboxEntry():
            kind, where = "mailbox", entry.mailbox
        case UrlEntry():
            kind, where = "url", without_user(entry.url)
        case RemoteEntry():
            kind, where = "remote", without_user(entry.remote)
        case GitEntry():
            from scoville.sources.git import repository_name

            kind, where = "git", repository_name(entry.git)
        case SqlEntry():
            from scoville.sources.database import database_name

            kind, where = "sql", database_name(entry.sql.url)
        case ImapEntry():
            kind, where = "imap", entry.imap.host
        case _:
            raise TypeError(type(entry))
    return f"{kind} {entry.name or where}"


def _open(entry: Entry, recipe: Recipe, place: Place, key: str) -> Source:
    limit = recipe.read.max_megabytes
    match entry:
        case PathEntry():
            path = place.root / Path(entry.path).expanduser()
            return FileSource([path], name_of=place.name_of, path_of=place.path_of, entry=entry, key=key)
        case MailboxEntry():
            from scoville.sources.messages import MailboxSource

            path = place.root / Path(entry.mailbox).expanduser()
            return MailboxSource(entry, path, place.name_of(path), max_megabytes=limit, key=key)
        case UrlEntry():
            from scoville.sources.fetch import Fetcher
            from scoville.sources.web import WebSource

            return WebSource(entry, Fetcher(recipe.sources, max_megabytes=limit), key)
        case RemoteEntry() if entry.remote.startswith(("webdav+http://", "webdav+https://")):
            from scoville.sources.fetch import Fetcher
            from scoville.sources.webdav import WebdavSource

            return WebdavSource(entry, Fetcher(recipe.sources, max_megabytes=limit), key)
        case RemoteEntry():
            from scoville.sources.remote import RemoteSource

            return RemoteSource(entry, max_megabytes=limit, key=key)
        case GitEntry():
            from scoville.sources.git import GitSource

            return GitSource(entry, place.root, max_megabytes=limit, key=key)
        case SqlEntry():
            from scoville.sources.database import SqlSource

            return SqlSource(entry, key)
        case ImapEntry():
            from scoville.sources.imap import ImapSource

            return ImapSource(entry, max_megabytes=limit, timeout_seconds=recipe.sources.timeout_seconds, key=key)
        case _:
            raise TypeError(type(entry))
