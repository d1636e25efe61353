"""A ZIP of XML parts in, its parts by name out: Office Open XML, OpenDocument, EPUB.

Checks the archive first. Names are only ever looked up in the archive; nothing is written to disk.
"""

import io
import posixpath
import re
import zipfile
from typing import Any, NamedTuple
from urllib.parse import unquote

from scoville.errors import ReadFailure
from scoville.read.archive import check_archive
from scoville.read.text.xml_tree import parse_xml
from scoville.read.title import own_title
from scoville.types import Metadata

_STRICT = re.compile(rb"http://purl\.oclc\.org/ooxml/(\w+)/")
_KINDS = re.compile(
    rb"application/vnd\.(?:ms-(word|powerpoint)|openxmlformats-officedocument\.(wordprocessing|presentation)ml)\."
    rb"(?:document|template|presentation|slideshow)(?:\.macroEnabled(?:Template)?)?\.main\+xml"
)
_PLAIN = {
    b"wordprocessing": b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
    b"presentation": b"application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml",
}
_SAME = {b"word": b"wordprocessing", b"powerpoint": b"presentation"}
_PROPERTIES = {
    "creator": "author", "initial-creator": "author", "created": "created", "creation-date": "created",
    "modified": "modified", "date": "modified", "language": "language",
}  # fmt: skip


class Relation(NamedTuple):
    """What a part of an Office Open XML package refers to."""

    kind: str
    """The last word of its type: ``worksheet``, ``comments``."""
    path: str


class Package:
    """The parts of one archive."""

    def __init__(self, data: bytes) -> None:
        check_archive(data)
        self._archive = zipfile.ZipFile(io.BytesIO(data))
        self.names = frozenset(self._archive.namelist())
        self._is_strict = bool(_STRICT.search(self.read("_rels/.rels") or b""))

    def read(self, name: str) -> bytes | None:
        """Give a part's bytes; None where there is no such part."""
        return self._archive.read(name) if name in self.names else None

    def xml(self, name: str) -> Any:
        """Give the root of an XML part; None where there is no such part. Raises ReadFailure for damaged XML.

        The names of Strict Open XML become the usual ones.
        """
        data = self.read(name)
        return parse_xml(_usual(data) if self._is_strict else data) if data else None

    def need(self, name: str) -> Any:
        """Give the root of an XML part without which there is nothing to read."""
        root = self.xml(name)
        if root is None:
            raise ReadFailure(f"lacks its part {name}: the file is damaged or incomplete")
        return root

    def relations(self, part: str) -> dict[str, Relation]:
        """Give what a part refers to inside the package, by the ids that it uses; ``""`` is the package itself."""
        folder, name = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, Relation] = {}
        for child in root if root is not None else ():
            if isinstance(child.tag, str) and child.get("TargetMode") != "External":
                path = resolve(part, child.get("Target", ""))
                found[child.get("Id", "")] = Relation(child.get("Type", "").rpartition("/")[2], path)
        return found

    def related(self, part: str, kind: str) -> str:
        """Give the first of the parts of a kind that a part refers to; empty where there is none."""
        return next((relation.path for relation in self.relations(part).values() if relation.kind == kind), "")


def resolve(part: str, target: str) -> str:
    """Give the name of what one part calls another; empty when it lies outside the package."""
    path = posixpath.normpath(posixpath.join("/", posixpath.dirname(part), unquote(target.partition("#")[0])))
    return path.lstrip("/")


def plain_package(data: bytes) -> bytes:
    """Rewrite Strict Open XML, templates and files with macros to plain documents, which python-pptx opens.

    Macros stay what they are, bytes that nobody runs.
    """
    check_archive(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        types = archive.read("[Content_Types].xml") if "[Content_Types].xml" in archive.namelist() else b""
        relations = archive.read("_rels/.rels") if "_rels/.rels" in archive.namelist() else b""
        strict = bool(_STRICT.search(relations))
        if not strict and _KINDS.sub(_plain_kind, types) == types:
            return data
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
            for name in dict.fromkeys(archive.namelist()):
                content = archive.read(name)
                if name == "[Content_Types].xml":
                    content = _KINDS.sub(_plain_kind, content)
                if strict and name.endswith((".xml", ".rels")):
                    content = _usual(content)
                new.writestr(name, content)
        return stream.getvalue()


def _usual(xml: bytes) -> bytes:
    return _STRICT.sub(rb"http://schemas.openxmlformats.org/\1/2006/", xml)


def _plain_kind(match: "re.Match[bytes]") -> bytes:
    return _PLAIN[match[2] or _SAME[match[1]]]


def properties_of(root: Any) -> tuple[str | None, Metadata]:
    """Give title and metadata from Dublin Core and similar elements anywhere below a root that may be None."""
    title: str | None = None
    found: dict[str, str] = {}
    for element in root.iter("{*}*") if root is not None else ():
        name = element.tag.rpartition("}")[2]
        text = " ".join((element.text or "").split())
        if name == "title":
            title = title or own_title(text)
        elif text and (key := _PROPERTIES.get(name)):
            found.setdefault(key, text)
    return title, found


def core_properties(package: Package) -> tuple[str | None, Metadata]:
    """Give title and metadata of an Office Open XML package."""
    return properties_of(package.xml(package.related("", "core-properties") or "docProps/core.xml"))
