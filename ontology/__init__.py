"""What can be said: the ontology of a catalog, read from Turtle."""
