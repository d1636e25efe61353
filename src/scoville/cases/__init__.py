"""Questions with what is known of their answers.

files      JSON lines or CSV in, cases out, and back (rows)        importers/  what others publish
check      what is wrong with a set of cases                       alike       which ask the same
parts      train, dev and test that share nothing                  generate/   cases out of documents
"""
