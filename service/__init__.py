"""The faces: the command line, the REST API and the pages."""
