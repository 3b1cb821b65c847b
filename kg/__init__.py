"""From a catalog to a graph, and from the graph to arrays."""
