"""Files that a password protects: unlock for Office, odf for OpenDocument."""
