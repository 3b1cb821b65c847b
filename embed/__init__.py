"""What is learned from the graph. Importing this package imports neither torch, pykeen nor dgl."""

import os

# OpenMP reads this once, when torch or dgl loads it. Threads that wait by spinning take the time of those that work:
# with one other process on two cores, training took five times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
