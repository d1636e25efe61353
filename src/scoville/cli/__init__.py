"""Stage 13: one thin command per verb."""

from scoville.cli.app import main

__all__ = ["main"]
