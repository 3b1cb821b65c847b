"""One answer: candidates, ranking, explanation."""
