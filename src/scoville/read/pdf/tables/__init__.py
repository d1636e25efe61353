"""Tables on PDF pages.

correct  liteparse's tables in, corrected ones out: grid (their geometry), cells (rows joined, cells merged)
missed   tables that were taken for text             edges    columns and rows that were left outside
pages    tables that a page break cut
"""
