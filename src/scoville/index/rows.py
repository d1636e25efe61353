"""Passages as rows of a table and back.

Enters: passages. Leaves: Arrow rows with every field of them, and what they are filtered and searched by. Knows no
backend.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scoville.index.analyse import analyse
from scoville.index.condition import key_of
from scoville.index.graph import entities
from scoville.index.protocol import EVERYONE, Item
from scoville.types import Box, Passage, Region

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PASSAGE_COLUMNS = (
    "id", "source", "document_id", "title", "media_type", "start", "end", "content", "prefix", "headings", "page",
    "anchor", "regions", "tokens", "metadata", "number", "joint", "section", "summary", "language", "groups",
)  # fmt: skip
"""What a passage is made of again."""
TYPE, LANGUAGE = "\x1ftype", "\x1flanguage"
"""Keys of facets that no metadata has."""


def schema(dimension: int) -> Any:
    """Give the columns of a table of passages."""
    import pyarrow as pa

    text, number = pa.string(), pa.int32()
    return pa.schema(
        [
            pa.field("id", text, nullable=False),
            ("source", text), ("document_id", text), ("build", text), ("title", text), ("media_type", text),
            ("start", pa.int64()), ("end", pa.int64()), ("content", text), ("prefix", text),
            ("headings", pa.list_(text)), ("page", number), ("anchor", text), ("regions", text), ("tokens", number),
            ("metadata", text), ("number", number), ("joint", text), ("section", text), ("summary", text),
            ("language", text), ("groups", pa.list_(text)),
            ("folded_source", text), ("folded_title", text), ("facets", pa.list_(text)), ("readers", pa.list_(text)),
            ("entities", pa.list_(text)),
            ("terms", text), ("item", text), ("stamp", text), ("origin", text),
            ("vector", pa.list_(pa.float32(), dimension)),
        ]
    )  # fmt: skip


def row_of(passage: Passage, build: str, made_of: Mapping[str, Item] | None = None) -> dict[str, Any]:
    """Give the row of a passage, all but its vector."""
    row: dict[str, Any] = {name: getattr(passage, name) for name in PASSAGE_COLUMNS}
    row |= {"headings": list(passage.headings), "groups": list(passage.groups), "build": build}
    row["regions"] = pack_regions(passage.regions)
    row["metadata"] = json.dumps(dict(passage.metadata), ensure_ascii=False)
    row["folded_source"] = passage.source.casefold()
    row["folded_title"] = passage.title.casefold()
    row["facets"] = facets(passage)
    row["readers"] = list(passage.groups) or [EVERYONE]
    row["entities"] = list(entities(passage))
    row["terms"] = " ".join(analyse(passage.searched, passage.language))
    row["item"], row["stamp"], row["origin"] = (made_of or {}).get(passage.source, Item(passage.source))
    return row


def table_of(rows: Sequence[Mapping[str, Any]], vectors: "NDArray[np.float32]", dimension: int) -> Any:
    """Give rows with their vectors, float32 [n, d], as an Arrow table."""
    import pyarrow as pa

    names = [name for name in schema(dimension).names if name != "vector"]
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in names}
    columns["vector"] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), dimension)
    return pa.table(columns, schema=schema(dimension))


def passage_of(row: Mapping[str, Any]) -> Passage:
    """Give the passage of a row."""
    values = {name: row[name] for name in PASSAGE_COLUMNS}
    prefix, content = values["prefix"], values.pop("content")
    values["text"] = content[len(prefix) + 1 :] if prefix else content
    values["headings"] = tuple(values["headings"])
    values["groups"] = tuple(values["groups"])
    values["regions"] = tuple(Region(start, end, Box(*box)) for start, end, *box in json.loads(values["regions"]))
    values["metadata"] = json.loads(values["metadata"])
    return Passage(**values)


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


def pack_regions(regions: Sequence[Region]) -> str:
    """Write regions as compact JSON, edges to a tenth of a point."""
    packed = [[r.start, r.end, r.box.page, *(round(edge, 1) for edge in r.box[1:])] for r in regions]
    return json.dumps(packed, separators=(",", ":"))
