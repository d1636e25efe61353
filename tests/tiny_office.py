"""Office files small enough to write by hand: ZIPs of XML parts, and OLE2 files of streams."""

import io
import struct
import zipfile
from collections.abc import Mapping

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" '
    'xmlns:presentation="urn:oasis:names:tc:opendocument:xmlns:presentation:1.0" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'
)


def zipped(parts: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content, zipfile.ZIP_STORED if name == "mimetype" else None)
    return stream.getvalue()


def without(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({one: archive.read(one) for one in archive.namelist() if one != name})


def with_part(data: bytes, name: str, content: str | bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return zipped({**{one: archive.read(one) for one in archive.namelist()}, name: content})


def part_of(data: bytes, name: str) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name).decode()


def workbook(
    *sheets: tuple[str, str],
    state: Mapping[str, str] = {},
    styles: str = "",
    strings: str = "",
    more: Mapping[str, str] = {},
) -> bytes:
    """An XLSX file: sheets by name, with the XML that stands in each."""
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" state="{state.get(name, "visible")}" r:id="r{n}"/>'
        for n, (name, _) in enumerate(sheets, 1)
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>'
        for n in range(1, len(sheets) + 1)
    )
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{RELATIONS}"><sheets>{listed}</sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">{related}</Relationships>',
            "xl/styles.xml": f'<styleSheet xmlns="{SHEET}">{styles}</styleSheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{SHEET}">{strings}</sst>',
            **{
                f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{SHEET}">{content}</worksheet>'
                for n, (_, content) in enumerate(sheets, 1)
            },
            **more,
        }
    )


def rows_of(*rows: tuple[object, ...], at: str = "A1", merged: str = "") -> str:
    """The XML of a sheet whose cells begin at a place; None leaves one empty."""
    first, top = ord(at[0]), int(at[1:])
    lines: list[str] = []
    for number, row in enumerate(rows, top):
        cells: list[str] = []
        for column, value in enumerate(row):
            place = f"{chr(first + column)}{number}"
            if isinstance(value, str):
                cells.append(f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>')
            elif value is not None:
                cells.append(f'<c r="{place}"><v>{value}</v></c>')
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged.split())
    return f"<sheetData>{''.join(lines)}</sheetData><mergeCells>{ranges}</mergeCells>"


def open_document(kind: str, body: str, *, styles: str = "", more: Mapping[str, str | bytes] = {}) -> bytes:
    """An ODT, ODS or ODP file: ``kind`` is text, spreadsheet or presentation."""
    content = (
        f"<office:document-content {OFFICE}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content, **more})


def book(*chapters: str, contents: str = "", more: Mapping[str, str | bytes] = {}) -> bytes:
    """An EPUB file with these chapters' XHTML bodies."""
    files = {f"OPS/text/c{n}.xhtml": f"<html><head/><body>{text}</body></html>" for n, text in enumerate(chapters, 1)}
    items = "".join(
        f'<item id="c{n}" href="text/c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(1, len(files) + 1)
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(files), 0, -1))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        "<dc:title>The book</dc:title><dc:creator>Ada Example</dc:creator></metadata>"
        f'<manifest>{items}<item id="n" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
        f"</manifest><spine>{spine}</spine></package>"
    )
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": '<container><rootfile full-path="OPS/book.opf"/></container>',
            "OPS/book.opf": package,
            "OPS/nav.xhtml": f"<html><body><nav>{contents}</nav></body></html>",
            **files,
            **more,
        }
    )


def ole2(streams: Mapping[str, bytes]) -> bytes:
    """An OLE2 file; a slash in a name makes folders. Each stream takes whole sectors of the main file."""
    tree: dict[str, int] = {}
    entries: list[tuple[str, int, bytes, list[int]]] = [("Root Entry", 5, b"", [])]
    for path, data in streams.items():
        above, names = 0, path.split("/")
        for depth, name in enumerate(names):
            place = "/".join(names[: depth + 1])
            if place not in tree:
                tree[place] = len(entries)
                is_stream = depth == len(names) - 1
                entries.append((name, 2 if is_stream else 1, data if is_stream else b"", []))
                entries[above][3].append(tree[place])
            above = tree[place]
    sectors: list[bytes] = []
    chains: list[int] = []
    starts: dict[int, int] = {}

    def store(data: bytes) -> int:
        first, count = len(sectors), max((len(data) + 511) // 512, 1)
        for number in range(count):
            sectors.append(data[number * 512 : number * 512 + 512].ljust(512, b"\0"))
            chains.append(first + number + 1 if number + 1 < count else 0xFFFFFFFE)
        return first

    padded: dict[int, int] = {}
    for number, (_, kind, data, _) in enumerate(entries):
        if kind == 2:
            starts[number] = store(data.ljust(4096, b"\0"))  # smaller ones would lie in the mini stream
            padded[number] = max(len(data), 4096)
    after: dict[int, int] = {}
    for _, _, _, children in entries:
        after |= dict(zip(children, children[1:], strict=False))  # a list is a tree as well
    directory = b""
    for number, (name, kind, _, children) in enumerate(entries):
        wide = name.encode("utf-16-le") + b"\0\0"
        directory += wide.ljust(64, b"\0") + struct.pack("<HBB", len(wide), kind, 1)
        directory += struct.pack(
            "<III", 0xFFFFFFFF, after.get(number, 0xFFFFFFFF), children[0] if children else 0xFFFFFFFF
        )
        directory += bytes(36) + struct.pack(
            "<IQ", starts.get(number, 0xFFFFFFFE if number else 0xFFFFFFFE), padded.get(number, 0)
        )
    directory_start = store(directory)
    table_start = len(sectors)
    tables = 1
    while tables * 128 < len(sectors) + tables:
        tables += 1
    chains += [0xFFFFFFFD] * tables
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(tables * 512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, tables, directory_start, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack(f"<{tables}I", *range(table_start, table_start + tables)).ljust(436, b"\xff")
    return head + b"".join(sectors) + table
