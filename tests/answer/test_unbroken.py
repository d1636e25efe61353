"""Markers are whole in every piece of a stream."""

import re

import pytest

from scoville.answer.unbroken import unbroken

TEXT = "You may cancel [1] within [2, 3] days【1†a】 [a remark that goes on and on and on and on] of 1 [x"


def streamed(pieces: list[str]) -> list[str]:
    seen: list[str] = []
    with unbroken(seen.append) as write:
        assert write
        for piece in pieces:
            write(piece)
    return seen


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
def test_a_marker_is_never_split(size: int):
    seen = streamed([TEXT[at : at + size] for at in range(0, len(TEXT), size)])
    assert "".join(seen) == TEXT
    for marker in re.findall(r"\[\d[^\]]*\]|【[^】]*】", TEXT):
        assert any(marker in piece for piece in seen), marker


def test_what_is_no_marker_is_not_kept_back_for_long():
    seen = streamed(["[", "a" * 30, "b"])
    assert len(seen) > 1


def test_nobody_who_listens_is_written_to():
    with unbroken(None) as write:
        assert write is None
