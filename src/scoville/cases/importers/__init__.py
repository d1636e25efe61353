"""Cases from what others publish.

formats    which format a file has, by its content      shape       what every importer is made of
documents  SQuAD, BEIR, Ragas, MTRAG, cited pages       benchmarks  MMLU, TriviaQA, NQ, GSM8K
chats      Alpaca, ShareGPT, OpenAI messages, MT-bench
"""
