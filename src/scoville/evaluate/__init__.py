"""Cases × a system → a run with scores.

system         what answers: a recipe, a server, a function
result, runs   what it said, and where that is kept
run_cases      asking all                    score_run  scoring them
metrics/       what a score is               statistics, paired  how sure it is
judge/         a model that judges
blame          which stage lost the answer
"""
