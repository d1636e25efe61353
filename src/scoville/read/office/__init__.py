"""Word, PowerPoint, Excel and OpenDocument.

package  the parts of a ZIP of XML
docx     docx_xml, docx_styles, docx_numbering (list and heading numbers), docx_table, docx_notes
pptx     pptx_text                       chart      charts and diagrams of both
xlsx     number_format                   sheet      the tables on a sheet, of any origin
odf      odf_text, odf_styles            math_text  formulas
"""
