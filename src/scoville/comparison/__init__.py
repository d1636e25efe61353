"""Stage 13: runs, recipes → a leaderboard, a sweep, a page.

leaderboard    who is best, who is not distinguishable from it, the Pareto front
systems, side_by_side   recipes, functions, servers, saved runs on the same cases
report         one HTML page: shown (what it is of), asked, run_plots and plots, marked, render; page/ is its design
sweep          trials of recipes: space, propose, race, trials
stages, remember        what recipes have in common is done once
"""
