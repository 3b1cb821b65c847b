"""Everything that reads RDF: Turtle as declarations, relations, shapes and rules. rdflib lives here."""

import logging

# rdflib logs a traceback for "x"^^xsd:date. Where such a literal is used it is refused in a sentence.
logging.getLogger("rdflib.term").setLevel(logging.ERROR)
