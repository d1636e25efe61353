"""Scoville: from a folder of documents to a cited answer, and to knowing what it is worth."""

__version__ = "0.1.0"
