"""What a file may ask of us at most. A file that asks for more is refused by name, or its record is.

Memory of a load is bounded by these, whatever the file holds: a few blocks of `CHUNK` characters.
"""

MAX_LINE = 1 << 20
"""Characters of a line of CSV, TSV or JSON Lines. A longer one is passed over, and never held in memory."""
MAX_RECORD_LINES = 100
"""A quoted cell may hold line breaks; one that is open for longer was never closed."""
MAX_CELL = 131_072
"""Characters of a cell of CSV or TSV: the limit of Python's csv module."""
MAX_RECORD = 16 << 20
"""Bytes of one record of JSON, JSON-LD, XML or RDF; of one text in it, too."""
MAX_DEPTH = 64
"""Objects, lists or elements inside each other. Catalogs nest three or four deep."""
MAX_COLUMNS = 2_000
"""Columns of a file. Wide catalogs have some hundreds."""
MAX_CELLS = 2_000_000
"""Cells of one block: rows that name ever new columns make smaller blocks."""
CHUNK = 8 << 20
"""Characters of one block, about; blocks of long rows have fewer rows."""
MAX_RATIO, RATIO_FROM = 1000, 100 << 20
"""A compressed file that has become more than `RATIO_FROM` bytes may not be more than `MAX_RATIO` times its size.

Text compresses 3 to 20 times; gzip cannot do more than 1032 times, and comes near it for zeros alone.
"""
MAX_WINDOW_LOG = 27
"""Zstandard keeps 2^n bytes of what it has decompressed: 128 MiB, the default of the zstd command as well."""
SAMPLE = 1 << 16
"""Bytes from the start of a file by which format, encoding and delimiter are found out."""
SHOWN = 200
"""Characters of a refused value that are kept."""
