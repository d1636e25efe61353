"""File in, :class:`~scoville.types.Document` out. Contents:

    reader      read_document: open, recognise, read, assemble
    sniff       what the bytes are, whatever the name says      decode   bytes to characters
    archive     whether a ZIP is safe to open                   clean    characters to clean characters
    assemble    typed pieces to one Document with spans
    pdf         PDF, in a child process (pdf_child) that lays pages out:
                pdf_page, pdf_lines, pdf_form, pdf_flow, pdf_plain
    docx        Word: docx_xml, docx_styles, docx_numbering (list and heading numbers), docx_table
    html        HTML: html_tree, html_table
    markdown, text

Nothing in this folder knows how a document is split, embedded or stored.
"""

from scoville.read.reader import READER_VERSION, read_document

__all__ = ["READER_VERSION", "read_document"]
