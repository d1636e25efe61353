"""Embedders and rerankers are trained on questions with the passages that answer them and hard ones that do not.

pairs     questions → texts, batches of them         networks  vectors and scores, and their losses
gate      is it better on questions never seen       train     all of it, into a folder
"""
