"""Stage 13: recipes × cases → a leaderboard, a sweep, what to blame."""
