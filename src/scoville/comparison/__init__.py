"""Stage 13: runs, recipes → a leaderboard, a sweep, a page.

leaderboard    who is best, who is not distinguishable from it, the Pareto front
systems, side_by_side   recipes, functions, servers, saved runs on the same cases
report, plots  one HTML page
sweep          trials of recipes: space, propose, race, trials
stages, remember        what recipes have in common is done once
"""
