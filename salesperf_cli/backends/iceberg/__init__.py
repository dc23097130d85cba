"""What all targets share of Iceberg, through pyiceberg: tables in a catalog, their files, schemas and listings."""
