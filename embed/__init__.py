"""What is learned from the graph. Importing this package imports neither torch, pykeen nor dgl."""
