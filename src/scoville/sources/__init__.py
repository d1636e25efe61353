"""Where documents come from. Contents:

    item        what every source gives: items, and what they hold        open    an entry of the recipe to its source
    files       files of this machine (walk: at or below a path)          pattern     include and exclude
    web         pages of a site (robots, fetch: safely; address: which)   remote      object stores, by fsspec
    webdav      files of a WebDAV server                                  database    rows of a query
    messages    mbox and Maildir          imap    a mail server           git         a repository
    secret      secrets come from the environment and stand in no message
    watch       when files change

Nothing in this folder knows how a document is read, split, embedded or stored.
"""

from scoville.sources.files import FileSource, is_of_files
from scoville.sources.item import Content, Gone, Item, Listing, NotThere, Place, Source
from scoville.sources.open import open_entries, open_place, source_of_files

__all__ = [
    "Content", "FileSource", "Gone", "Item", "Listing", "NotThere", "Place", "Source", "is_of_files", "open_entries",
    "open_place", "source_of_files",
]  # fmt: skip
