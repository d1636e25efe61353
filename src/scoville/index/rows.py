"""Passages as rows of a table and back.

Enters: passages. Leaves: Arrow rows with every field of them, and what they are filtered and searched by. Knows no
backend.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from scoville.index.analyse import analyse
from scoville.index.condition import key_of
from scoville.index.graph import entities
from scoville.index.protocol import EVERYONE, Item
from scoville.types import Box, Passage, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROWS_VERSION = 2
PACKED = "passage"
"""The column of whole passages: of a million rows, to fetch 15 takes 4 ms from one column and 35 ms from twenty."""
_FIELDS = tuple(column.name for column in fields(Passage) if column.name != "id")
TYPE, LANGUAGE = "\x1ftype", "\x1flanguage"
"""Keys of facets that no metadata has."""


def schema(dimension: int) -> Any:
    """Give the columns of a table of passages."""
    import pyarrow as pa

    text, texts, number = pa.string(), pa.list_(pa.string()), pa.int32()
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            (PACKED, text),
            ("source", text), ("document_id", text), ("build", text), ("page", number), ("number", number),
            ("folded_source", text), ("folded_title", text), ("facets", texts), ("readers", texts), ("entities", texts),
            ("terms", text), ("item", text), ("stamp", text), ("origin", text),
            ("vector", pa.list_(pa.float32(), dimension)),
        ]
    )  # fmt: skip


def row_of(passage: Passage, build: str, made_of: Mapping[str, Item] | None = None) -> dict[str, Any]:
    """Give the row of a passage, all but its vector."""
    row: dict[str, Any] = {name: getattr(passage, name) for name in ("id", "source", "document_id", "page", "number")}
    row |= {PACKED: pack(passage), "build": build}
    row["folded_source"] = passage.source.casefold()
    row["folded_title"] = passage.title.casefold()
    row["facets"] = facets(passage)
    row["readers"] = list(passage.groups) or [EVERYONE]
    row["entities"] = list(entities(passage))
    row["terms"] = " ".join(analyse(passage.searched, passage.language))
    row["item"], row["stamp"], row["origin"] = (made_of or {}).get(passage.source, Item(passage.source))
    return row


def groups_of(readers: Sequence[str] | None) -> tuple[str, ...]:
    """Give the groups of a passage from what stands in the column of its readers."""
    return tuple(reader for reader in readers or () if reader != EVERYONE)


def table_of(rows: Sequence[Mapping[str, Any]], vectors: "NDArray[np.float32]", dimension: int) -> Any:
    """Give rows with their vectors, float32 [n, d], as an Arrow table."""
    import pyarrow as pa

    names = [name for name in schema(dimension).names if name != "vector"]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dimension)
    return pa.table(columns, schema=schema(dimension))


def pack(passage: Passage) -> str:
    """Write a passage as JSON, all but its id; edges of boxes to a tenth of a point."""
    values = {name: getattr(passage, name) for name in _FIELDS}
    values["regions"] = [[r.start, r.end, r.box.page, *(round(edge, 1) for edge in r.box[1:])] for r in passage.regions]
    values["metadata"] = dict(passage.metadata)
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def unpack(name: str, packed: str) -> Passage:
    """Give the passage that was packed, with its id."""
    values = json.loads(packed)
    values["headings"] = tuple(values["headings"])
    values["groups"] = tuple(values["groups"])
    values["anchors"] = tuple((start, anchor) for start, anchor in values["anchors"])
    values["regions"] = tuple(Region(start, end, Box(*box)) for start, end, *box in values["regions"])
    return Passage(id=name, **values)


def tags(metadata: Mapping[str, Any]) -> list[str]:
    """Write metadata as ``key=value`` strings, the form in which it is filtered."""
    return [f"{key_of(key)}={value}" for key, value in sorted(metadata.items())]


def facets(passage: Passage) -> list[str]:
    """Give all that a passage is filtered by in one list: its tags, the keys that have a value, its type, its language.

    One list means one index over it.
    """
    keys = {key_of(key) for key, value in passage.metadata.items() if value != ""}
    own = [f"{TYPE}={passage.media_type}", f"{LANGUAGE}={passage.language}"]
    return [*tags(passage.metadata), *sorted(keys), *own]
