"""Training models of one's own: from cases and documents to a reader, an adapter or a small model."""
