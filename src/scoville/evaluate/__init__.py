"""Stage 12: cases × a system → a run with scores."""
