"""Mails with attachments, mailboxes (message), and Outlook's files (msg)."""
