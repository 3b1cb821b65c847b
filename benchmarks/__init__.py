"""Ratios measured side by side in one run. What divides what stands in README.md."""
