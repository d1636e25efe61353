"""Stage 11: what happened → runs, traces, costs, lineage."""
