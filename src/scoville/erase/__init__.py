"""Documents and people → a workspace without them, and a signed receipt of it.

subject    what tells that a text is of a document or a person       files     JSON, cases, rows, pages without it
records    SQLite without it      tables    LanceDB without it       holders   what saw it, and what holds it still
check      looks for it in every byte afterwards                     receipt   what was done, signed
erasing    all of it in the order in which a kill does no harm
"""

from scoville.erase.erasing import allow, find_documents, finish_killed, forget, look
from scoville.erase.receipt import Erasure, Holder, Mention, receipts_of, verify_receipt
from scoville.erase.subject import Subject, person_subject
from scoville.erase.tables import subject_of

__all__ = [
    "Erasure", "Holder", "Mention", "Subject", "allow", "find_documents", "finish_killed", "forget", "look",
    "person_subject", "receipts_of", "subject_of", "verify_receipt",
]  # fmt: skip
