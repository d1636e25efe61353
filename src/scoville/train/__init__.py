"""Training models of one's own: from cases and documents to a reader, an adapter or a small model.

rows/        documents, cases, files → rows             examples     what a row is
plan/        what training takes, and what to train     extra        what has to be there before torch is

base         a name → network, tokenizer, template      scratch      the same, from nothing
methods      what of it is trained: lora, qlora, full   tuning       how, in a user's terms
tokens       rows → token ids                           batches      token ids → batches of few shapes
token_loss   logits only where there is loss            tune         rows, a base → a model in a folder

loop         batches → steps, until the end or a kill   settings     rates, decay
checkpoint   tensors on disk, whole or not there        threads      how many, and in what they compute
reader/      the model that points at answers           ranker/      embedders and rerankers
"""
