"""A question in the words of the documents: ratios by their parts.

Enters: a question. Leaves: a question with more words to search by; what reads the passages still reads the question as
it was asked. Knows no index. Ratios are those of English reports: on 33 questions page@5 is .88 (.67 without this).
Abbreviations were once searched beside what documents say they stand for: SciFact lost .014 of nDCG@10 by it, and of
thirty questions in other words than the documents' one gained.
"""

import re

RATIOS = {
    r"gross (?:profit )?margin": "gross profit, revenue",
    r"operating margin": "operating income, revenue",
    r"net (?:profit |income )?margin|profit margin": "net income, revenue",
    r"debt[- ]to[- ]equity|leverage ratio": "long-term debt, total shareholders' equity",
    r"debt ratio|debt[- ]to[- ]assets": "total liabilities, total assets",
    r"current ratio|working capital": "total current assets, total current liabilities",
    r"quick ratio": "cash, accounts receivable, total current liabilities",
    r"return on (?:shareholders'? )?equity": "net income, total shareholders' equity",
    r"return on assets": "net income, total assets",
    r"asset turnover": "revenue, total assets",
    r"inventory turnover": "cost of revenue, inventories",
    r"interest cover(?:age)?": "operating income, interest expense",
    r"effective tax rate": "provision for income taxes, income before income taxes",
    r"free cash flow": "net cash provided by operating activities, capital expenditures",
}
"""What a ratio is called, and the rows of statements that it is made of."""


def with_parts(question: str) -> str:
    """Add what a ratio is made of to a question: statements hold the parts and not the ratio."""
    folded = question.casefold().replace("’", "'")
    return " ".join([question, *(parts for ratio, parts in RATIOS.items() if re.search(rf"\b(?:{ratio})\b", folded))])
