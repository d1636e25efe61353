"""An entry of the recipe, or what somebody typed, to the source that it means."""

from collections import Counter
from pathlib import Path

from scoville.errors import RecipeError, UsageError
from scoville.recipe import Recipe
from scoville.recipe.sources import (
    ENTRIES,
    Entry,
    GitEntry,
    ImapEntry,
    MailboxEntry,
    PathEntry,
    RemoteEntry,
    SqlEntry,
    UrlEntry,
    is_url_scheme,
)
from scoville.registry import find
from scoville.sources.files import FileSource
from scoville.sources.item import Place, Source
from scoville.sources.secret import without_user


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
            folder = place.root / Path(entry.path).expanduser()
        case MailboxEntry():
            folder = place.root / Path(entry.mailbox).expanduser()
        case GitEntry():
            from scoville.sources.git import local_folder

            folder = local_folder(entry.git, place.root)
        case RemoteEntry():
            from scoville.sources.remote import local_folder

            folder = local_folder(entry.remote)
        case _:
            return None
    own = entry if isinstance(entry, PathEntry) else None
    return FileSource([folder], name_of=place.name_of, path_of=place.path_of, entry=own) if folder else None


def open_place(url: str, recipe: Recipe, place: Place) -> Source:
    """Open a URL that somebody typed: of the web, or of another file system."""
    from pydantic import ValidationError

    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return FileSource([Path(rest)], name_of=place.name_of, path_of=place.path_of)
    try:
        entry = UrlEntry(url=url) if is_url_scheme(scheme) else RemoteEntry(remote=url)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"{without_user(url)}: {reason}, in single quotes") from None
    return _open(entry, recipe, place, "")


def key_of(entry: Entry) -> str:
    """Name a source in the index: by its name, or by where it is, without secrets."""
    kind = _kind(entry)
    match entry:
        case UrlEntry() | RemoteEntry():
            where = without_user(getattr(entry, kind))
        case GitEntry():
            from scoville.sources.git import repository_name

            where = repository_name(entry.git)
        case SqlEntry():
            from scoville.sources.database import database_name

            where = database_name(entry.sql.url)
        case ImapEntry():
            where = entry.imap.host
        case _:
            where = getattr(entry, kind)
    return f"{kind} {entry.name or where}"


def _open(entry: Entry, recipe: Recipe, place: Place, key: str) -> Source:
    """Find what opens an entry, by its kind, or of a URL by its scheme."""
    opener = _kind(entry)
    if isinstance(entry, UrlEntry):
        scheme = entry.url.partition("://")[0].lower()
        opener = scheme if is_url_scheme(scheme) else "https"  # which says what is wrong with it
    return find("source", opener)(entry, recipe, place, key)


def _kind(entry: Entry) -> str:
    return next(kind for kind, cls in ENTRIES.items() if isinstance(entry, cls))
