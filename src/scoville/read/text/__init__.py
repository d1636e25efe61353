"""Text formats.

plain, markdown                          html       html_tree, html_table
delimited  CSV                           epub       books
xml_tree   parses XML safely             xml_text   XML of any vocabulary, jats: scientific articles
"""
