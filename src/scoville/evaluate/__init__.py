"""Stage 12: cases × a system → a run with scores.

cases          files of cases: cases_rows, importers (cases_shape, cases_documents, cases_chats, cases_benchmarks)
cases_check    what is wrong with them     cases_alike  which ask the same     cases_split  parts that share nothing
generate/      cases out of documents
system         what answers: a recipe, a server, a function
result, runs   what it said, and where that is kept      run_cases  asking all      score_run  scoring them
metrics/       what a score is                           statistics, paired  how sure it is
judge          a model that judges: judge_lane, judge_prompts, judge_metrics; judge_check, agreement
blame          which stage lost the answer
"""
