"""File in, :class:`~scoville.types.Document` out. Contents:

    reader      read_document: open, recognise, read, assemble
    sniff       what the bytes are, whatever the name says      decode   bytes to characters
    archive     whether a ZIP is safe to open                   clean    characters to clean characters
    assemble    typed pieces to one Document with spans
    pdf         PDF: chooses who reads the pages    pdf_docling   by docling    vision   by a model that sees them
    paged       pages side by side in children (child processes: pdf_child) that do pdf_tasks and ocr_page:
                pdf_page, pdf_lines, pdf_form, pdf_flow, pdf_plain
    ocr         engines (ocr_tesseract, ocr_rapid) and which way up; ocr_route (which pages), ocr_page (one page),
                ocr_rules (ruled lines), ocr_pdf (recognised words as a page to lay out)
    image       picture files                       audio   speech          ocr_pictures  those inside documents
    docx        Word: docx_xml, docx_styles, docx_numbering (list and heading numbers), docx_table, docx_notes
    pptx        PowerPoint: pptx_text, order (of boxes on a slide)          chart   charts and diagrams of both
    xlsx        Excel: number_format        delimited   CSV                 sheet   the tables on a sheet, of any origin
    odf         OpenDocument: odf_text, odf_styles                          package parts of a ZIP: Office, ODF, EPUB
    epub        books                       xml_text, jats   XML, articles  xml_tree parses XML safely
    mail, msg   mails with attachments      ole2   Outlook's and old Office's files     unlock, unlock_odf   passwords
    legacy      Office 97-2003, through LibreOffice or doc (doc_format, doc_table), ppt (ppt_records, ppt_table),
                rtf (rtf_walk, rtf_table); cell_edges
    html        HTML: html_tree, html_table                                 grid    cells that take several places
    markdown, text                          math_text  formulas             figure  descriptions of pictures

Nothing in this folder knows how a document is split, embedded or stored.
"""

from scoville.read.reader import READER_VERSION, Reading, read_bytes, read_document, read_file

__all__ = ["READER_VERSION", "Reading", "read_bytes", "read_document", "read_file"]
