"""The index in PostgreSQL: how it is named and opened. What it does is tested in test_index_backends.py."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from scoville.errors import MissingExtra, WorkspaceError
from scoville.index import Built, Workspace, open_index
from scoville.recipe import Index

BUILT = Built(table="passages", embedder="fake", dimension=4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"url": "mysql://host/name"}, "expected postgres://USER@HOST/DATABASE"),
        ({"url": "host/name"}, "expected postgres://"),
        ({"url": "postgres://ash:secret@host/name"}, "holds a password"),
        ({"url": "postgres://host/name?password=secret"}, "holds a password"),
        ({"name": "team"}, "only an index in PostgreSQL"),
        ({"url": "postgres://host/name", "name": 'a"; DROP'}, "pattern"),
    ],
)
def test_a_url_is_complete_and_holds_no_password(values: dict[str, str], message: str):
    with pytest.raises(ValidationError, match=message):
        Index(**values)  # pyright: ignore[reportArgumentType]


def test_a_url_with_a_user_is_taken():
    assert Index(url="postgresql://ash@host:5432/name?sslmode=require", name="team_1").name == "team_1"


def test_a_server_that_is_not_there_is_said(tmp_path: Path):
    pytest.importorskip("psycopg")
    settings = Index(url=f"postgres:///name?host={tmp_path}")
    with pytest.raises(WorkspaceError, match="no connection to the database.*index.url"):
        open_index(Workspace(tmp_path), settings, BUILT)


def test_the_variable_takes_the_place_of_the_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("psycopg")
    monkeypatch.setenv("SCOVILLE_POSTGRES_URL", f"postgres:///other?host={tmp_path / 'other'}")
    with pytest.raises(WorkspaceError, match="other"):
        open_index(Workspace(tmp_path), Index(url=f"postgres:///name?host={tmp_path}"), BUILT)


def test_without_the_extra_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("scoville.index.postgres.find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"scoville\[postgres\]"):
        open_index(Workspace(tmp_path), Index(url="postgres://host/name"), BUILT)
