"""PDF.

reader   chooses who reads the pages: paged (geometry and OCR), docling, or a model that sees them
paged    pages side by side in child processes, which do the tasks of tasks
layout   one page: page and lines (blocks and printed lines), then the corrections, each a module, in order
flow     the document's pieces in reading order      levels   headings that hold for the whole document
tables/  tables found, corrected, joined over pages
plain    what PDFium says of a PDF                   order    rectangles in reading order
"""
