"""Rows of training, from documents, cases and the files that people bring.

files     which form a file has                        chats     Alpaca, ShareGPT, OpenAI → conversations
places    evidence → passages                          asked     cases with passages → questions to be answered
readings  questions with their own text                grounded  questions with passages → examples
texts     texts → stretches                            gather    all of it: train and dev, without what is tested
"""
