"""The parts of `portable_sql`: allow-list, parsing, expressions, queries. Import `portable_sql`, not these."""
