"""The accuracy dataset: measured (architecture, accuracy) rows in one checked Parquet file."""
