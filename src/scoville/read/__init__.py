"""File in, :class:`~scoville.types.Document` out. Contents:

    reader    read_document: open, recognise, read, assemble
    sniff     what the bytes are, whatever the name says       decode    bytes to characters
    archive   whether a ZIP is safe to open                    clean     characters to clean characters
    assemble  typed pieces to one Document with spans
    figure    descriptions of pictures                         grid      cells that take several places
    pdf/      PDF, its layout, and in tables/ its tables       ocr/      scans and pictures
    office/   Word, PowerPoint, Excel, OpenDocument            legacy/   Office 97-2003 and RTF
    text/     text, Markdown, HTML, CSV, EPUB, XML, JATS       mail/     mails, mailboxes, Outlook messages
    sound/    speech                                           locked/   files that a password protects
    sandbox/  child processes in which untrusted bytes meet native code

Nothing in this folder knows how a document is split, embedded or stored.
"""

from scoville.read.reader import READER_VERSION, Reading, read_bytes, read_document, read_file

__all__ = ["READER_VERSION", "Reading", "read_bytes", "read_document", "read_file"]
