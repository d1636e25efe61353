"""Office 97-2003 and RTF.

convert  through LibreOffice where it is installed, else doc, ppt, rtf
doc      doc_format, doc_table           ppt         ppt_records, ppt_table
rtf      rtf_walk, rtf_table             cell_edges  tables kept as the places of their edges
ole2     the container of old Office's and Outlook's files
"""
