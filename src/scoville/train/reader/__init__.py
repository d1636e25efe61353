"""Training a reader: an encoder that points at the answer in a passage."""
