"""Rows of a database: a query in, one document a row out.

SQLAlchemy knows the databases and is imported when a query is asked; its extra is ``sql``. The password comes from the
environment and stands in no message.
"""

import datetime
import decimal
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scoville.errors import MissingExtra, ReadFailure, SourceError, SourceUnavailable
from scoville.recipe import Recipe
from scoville.recipe.sources import Sql, SqlEntry
from scoville.sources.item import Content, Item, Listing, Place
from scoville.sources.secret import expand_url, scrub
from scoville.types import Scalar

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

ROWS_AT_A_TIME = 500
REFUSED = re.compile(r"authentication failed|Access denied|Login failed|invalid username/password", re.IGNORECASE)
"""What databases say of a wrong user or password: trying again cannot help, and might lock an account."""


class SqlSource(Listing):
    """The rows of a query."""

    def __init__(self, entry: SqlEntry, recipe: Recipe, place: Place, key: str) -> None:
        self.sql: Sql = entry.sql
        super().__init__(key=key, prefix=f"{entry.name or database_name(entry.sql.url)}/")

    def items(self) -> Iterator[Item]:
        """Ask the query, and give its rows as they come."""
        try:
            import sqlalchemy
            from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
        except ImportError:
            raise MissingExtra('databases need SQLAlchemy: pip install "scoville[sql]"') from None
        where = f"the database of source {self.key or self.prefix!r}"
        try:
            engine = sqlalchemy.create_engine(expand_url(self.sql.url), poolclass=sqlalchemy.NullPool)
        except ImportError as error:
            raise MissingExtra(f"{where} needs a driver: pip install {error.name or 'its driver'}") from None
        except (SQLAlchemyError, ValueError) as error:
            raise SourceError(f"{where} has no usable url: {self._said(error)}") from None
        try:
            with engine.connect() as connection:
                streaming = connection.execution_options(stream_results=True, max_row_buffer=ROWS_AT_A_TIME)
                rows = streaming.execute(sqlalchemy.text(self.sql.query)).mappings()
                self._check_columns(list(rows.keys()))
                seen: set[str] = set()
                for row in rows:
                    name = str(row[self.sql.id])
                    if name in seen:
                        raise SourceError(f"{where} gives two rows with the id {name!r}; each needs its own")
                    seen.add(name)
                    yield Item(f"{self.prefix}{name}", lambda _validator, name=name, row=row: self._content(name, row))
        except OperationalError as error:  # no connection, or lost; a missing table too, by some drivers
            said = self._said(error.orig)
            kind = SourceError if REFUSED.search(said) else SourceUnavailable
            raise kind(f"{where} failed: {said}") from None
        except DBAPIError as error:
            kind = SourceUnavailable if error.connection_invalidated else SourceError
            raise kind(f"{where} failed: {self._said(error.orig)}") from None
        except SQLAlchemyError as error:
            raise SourceError(f"{where} failed: {self._said(error)}") from None
        finally:
            engine.dispose()

    def _check_columns(self, given: list[str]) -> None:
        sql = self.sql
        wanted = [("id", sql.id), ("text", sql.text), ("title", sql.title or sql.id)]
        wanted += [("metadata", column) for column in sql.metadata]
        missing = [f"{key}: {column!r}" for key, column in wanted if column not in given]
        if missing:
            raise SourceError(f"the query has no column for {', '.join(missing)}; its columns are {', '.join(given)}")

    def _content(self, name: str, row: "RowMapping") -> Content:
        text = row[self.sql.text]
        if text is None or row[self.sql.id] is None:
            raise ReadFailure(f"has no {'text' if text is None else 'id'}: its column is NULL")
        return Content(
            data=text if isinstance(text, bytes) else str(text).encode("utf-8", "replace"),
            file_name=f"{name.replace('/', ' ')}.txt",
            title=str(row[self.sql.title] or "") if self.sql.title else "",
            metadata={key: _scalar(row[key]) for key in self.sql.metadata if row[key] is not None},
        )

    def _said(self, error: object) -> str:
        return scrub(error, [self.sql.url])


def database_name(url: str) -> str:
    """Give what the documents of a database are called after: ``postgresql://host/hr`` and ``sqlite:///hr.db``: hr."""
    place = urlsplit(url).path.rpartition("/")[2]
    return place.partition(".")[0] or "sql"


def _scalar(value: Any) -> Scalar:
    if isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, decimal.Decimal):
        return float(value)
    if isinstance(value, datetime.date | datetime.time):  # datetime is a date
        return value.isoformat()
    return str(value)
