"""Word lists for English, which stand in ``english.toml``. Leaves: texts and words. Knows no rule that uses them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ENGLISH: Mapping[str, Any] = tomllib.loads(Path(__file__).with_name("english.toml").read_text(encoding="utf-8"))


def words(name: str) -> frozenset[str]:
    """Give a list of words."""
    return frozenset(ENGLISH[name].split())
