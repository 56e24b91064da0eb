"""Labels: gold ones joined and split, weak ones voted for by rules, and a report on both."""
