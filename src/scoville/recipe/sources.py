"""What a recipe says of the places that documents come from.

Enters: the ``sources`` section of a recipe. Leaves: one validated entry for each source. Secrets are never written out:
``${NAME}`` stands for a variable of the environment, which is read where it is used. Does not know how to reach them.
"""

import re
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator

from scoville.recipe.model import SECRET
from scoville.recipe.section import ANSWERS, OPERATIONAL, PositiveInt, Section
from scoville.registry import has, names

SECRET_HEADER = re.compile(r"authorization|cookie|key|token|secret|password", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{(\w+)\}")
PASSWORD_IN_URL = re.compile(r"[^/?#]*://[^/?#@]*?:([^/?#]*)@")

Group = Annotated[str, Field(pattern=r"^[^\x00-\x1f]+$")]

_VARIABLE_ADVICE = "secrets come from the environment: write ${NAME} and set the variable NAME"


def _from_the_environment(value: str) -> str:
    """Refuse a secret that is written out."""
    if not VARIABLE.fullmatch(value):
        raise ValueError(_VARIABLE_ADVICE)
    return value


def _without_password(url: str) -> str:
    """Refuse a URL with a password or a key that is written out; the message does not repeat it."""
    found = PASSWORD_IN_URL.match(url)
    if found and not VARIABLE.fullmatch(found[1]):
        raise ValueError(f"the password in it: {_VARIABLE_ADVICE}")
    for name, value in parse_qsl(url.partition("?")[2].partition("#")[0]):
        if SECRET.search(name) and not VARIABLE.search(value):
            raise ValueError(f"{name} in its query: {_VARIABLE_ADVICE}")
    return url


Address = Annotated[str, AfterValidator(_without_password)]
"""A URL, or a path where there is one. ``${NAME}`` in it is read from the environment when it is used."""


class Entry(Section):
    """A source of documents: what all kinds have."""

    name: str | None = None
    """What its documents are called after where they have no name of their own; default: from where it is."""
    include: tuple[str, ...] = ()
    """Patterns of what is taken, e.g. `*.pdf`, `policies/**`; none takes everything."""
    exclude: tuple[str, ...] = ()
    """Patterns of what is left out, after `include`."""
    metadata: dict[str, str | int | float | bool] = {}
    """Added to each document."""
    groups: tuple[Group, ...] = ()
    """Who may read its passages; none: everyone. Of a file that lies in several entries, the groups that each names."""


class PathEntry(Entry):
    """Files on this machine."""

    path: str
    """A file, a folder or a pattern such as `docs/**/*.md`, from the workspace's folder."""
    follow_symlinks: bool = False
    """Take files that links lead to outside of the folder, too."""


class MailboxEntry(Entry):
    """Messages on this machine, each one a document with its attachments."""

    mailbox: str
    """An mbox file or a Maildir, from the workspace's folder."""


def is_url_scheme(scheme: str) -> bool:
    """Say whether a `url` may begin with it: that of the web, or of a source that a plugin adds."""
    return scheme not in ENTRIES and has("source", scheme)


class UrlEntry(Entry):
    """Web pages, or what a plugin reads. Patterns are those of paths: `docs/**`."""

    url: Address
    """Of the first page, or of the sitemap."""
    depth: Annotated[int, Field(ge=0, le=20)] = 0
    """How many links to follow from the page, on the same host."""
    sitemap: bool = False
    """Take what the site's sitemap lists; `url` may be the sitemap itself."""
    max_pages: PositiveInt = 1000
    """The most pages that are taken."""
    robots: bool = True
    """Keep to robots.txt. Only switch this off for a site of your own."""
    headers: dict[str, str] = {}
    """Sent to this host only, e.g. `{Authorization: "Bearer ${DOCS_TOKEN}"}`."""

    @field_validator("url")
    @classmethod
    def _scheme_is_known(cls, url: str) -> str:
        scheme, separator, _ = url.partition("://")
        if separator and "$" not in scheme and not is_url_scheme(scheme.lower()):
            known = (name for name in names("source") if name not in ENTRIES)
            raise ValueError(f"it begins with {scheme[:20]}://; expected one of {', '.join(known)}, or `remote`")
        return url

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if SECRET_HEADER.search(name) and not VARIABLE.search(value):
                raise ValueError(f"{name}: {_VARIABLE_ADVICE}")
        return headers


class RemoteEntry(Entry):
    """Files of an object store or any other file system that fsspec knows; credentials come from the environment."""

    remote: Address
    """E.g. `s3://bucket/folder`, `gs://...`, `abfs://...`, `sftp://...`, `webdav+https://...`."""
    options: dict[str, str | int | float | bool] = {}
    """For the file system. `${NAME}` is read from the environment."""

    @field_validator("options")
    @classmethod
    def _no_secrets(cls, options: dict[str, Any]) -> dict[str, Any]:
        for name, value in options.items():
            if SECRET.search(name) and not VARIABLE.search(str(value)):
                raise ValueError(f"{name}: {_VARIABLE_ADVICE}")
        return options


class GitEntry(Entry):
    """The files of a Git repository. They are called `NAME@path`."""

    git: Address
    """A URL or a folder."""
    ref: str | None = None
    """A branch, a tag or a commit; default: the repository's own."""


class Sql(Section):
    """A query whose rows are documents."""

    url: Address
    """Of SQLAlchemy, e.g. `postgresql://scoville:${DB_PASSWORD}@db.example/hr`, `sqlite:///hr.db`."""
    query: str
    """A SELECT."""
    id: str
    """The column that names a row."""
    text: str
    """The column with the text: plain, Markdown or HTML."""
    title: str | None = None
    """The column with the title."""
    metadata: tuple[str, ...] = ()
    """Columns that become metadata."""


class SqlEntry(Entry):
    """Rows of a database. They are called `NAME/ID`."""

    sql: Sql


class Imap(Section):
    """A mail server; user and password are read from the environment."""

    host: str
    """The name of the server."""
    port: PositiveInt = 993
    """993 with TLS from the start, mostly 143 with `starttls`."""
    folders: tuple[str, ...] = ("INBOX",)
    """Which folders are read."""
    user: str = "${IMAP_USER}"
    """Who reads."""
    password: Annotated[str, AfterValidator(_from_the_environment)] = "${IMAP_PASSWORD}"
    """A variable of the environment, never the password."""
    tls: bool | Literal["starttls"] = True
    """`starttls` where it begins in clear, mostly on port 143. Off only for a server on this machine."""


class ImapEntry(Entry):
    """Messages of a mail server, each one a document with its attachments. They are called `NAME/FOLDER/UID`."""

    imap: Imap


ENTRIES: dict[str, type[Entry]] = {
    "path": PathEntry, "mailbox": MailboxEntry, "url": UrlEntry, "remote": RemoteEntry, "git": GitEntry,
    "sql": SqlEntry, "imap": ImapEntry,
}  # fmt: skip


def _kind(entry: Any) -> str | None:
    """Say which kind an entry is, by the one key that tells it."""
    found = [kind for kind in ENTRIES if (kind in entry if isinstance(entry, dict) else hasattr(entry, kind))]
    return found[0] if len(found) == 1 else None


AnyEntry = Annotated[
    Annotated[PathEntry, Tag("path")] | Annotated[MailboxEntry, Tag("mailbox")] | Annotated[UrlEntry, Tag("url")]
    | Annotated[RemoteEntry, Tag("remote")] | Annotated[GitEntry, Tag("git")] | Annotated[SqlEntry, Tag("sql")]
    | Annotated[ImapEntry, Tag("imap")],
    Discriminator(
        _kind, custom_error_type="kind", custom_error_message=f"expected exactly one of the keys {', '.join(ENTRIES)}"
    ),
]  # fmt: skip


class Sources(Section):
    """Where documents come from: what `scoville sync` keeps the index in line with. A bare list is its entries."""

    decides = OPERATIONAL
    entries: Annotated[tuple[AnyEntry, ...], ANSWERS] = ()
    """The sources, each with one of the keys below."""
    private_hosts: tuple[str, ...] = ()
    """Hosts that may have private, loopback and link-local addresses, as they stand in URLs. A redirect to another such
    host is refused."""
    user_agent: str = "Scoville"
    """How requests name themselves; robots.txt is read for it."""
    delay_seconds: Annotated[float, Field(ge=0, le=60)] = 0.5
    """Between two requests to one host."""
    timeout_seconds: PositiveInt = 60
    """The longest that one request may take."""
    max_attempts: Annotated[int, Field(ge=1, le=10)] = 4
    """How often something that cannot be reached is tried in one run, with exponential backoff."""
    give_up_after: Annotated[int, Field(ge=1)] = 5
    """After so many runs in which it failed, `sync` leaves an unchanged document alone, until `sync --retry`."""
