"""A first mapping and ontology, made by looking at the files of a catalog: `kg ingest --infer`.

It loads as it stands, and is written for a person to change: what is a guess says so.
"""

from kg.infer.inferred import SAMPLE, Inferred, infer

__all__ = ["SAMPLE", "Inferred", "infer"]
