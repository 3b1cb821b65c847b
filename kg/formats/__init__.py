"""The files that a load reads, as blocks of rows: one module a format, `kg.formats.door` in front of them.

docs/formats.md says what is read, how its columns come about, and the limits.
"""
