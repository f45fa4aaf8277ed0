"""The published schema of lineage records: `python -m nascore.lineage.schema docs/lineage_schema.json` writes it."""

import sys

from nascore.files import write_text
from nascore.lineage.record import json_schema

if __name__ == "__main__":
    write_text(sys.argv[1], json_schema())
