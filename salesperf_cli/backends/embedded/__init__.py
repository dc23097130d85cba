"""The local target: files, an SQLite Iceberg catalog and DuckDB."""
