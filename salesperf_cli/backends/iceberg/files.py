"""Data files as manifests and our listings tell them: statistics from footers, bounds, partitions in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.listing import DataFile, Listing

if TYPE_CHECKING:
    from pyiceberg.partitioning import PartitionSpec
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

FILE_SCHEME = "file://"
"""Before a plain path: Iceberg's readers take what follows as it is, so nothing is percent-encoded."""


def local_path(location: str) -> str:
    """The path of a file that a catalog names: pyiceberg writes `file:///a`, Spark `file:/a`."""
    return location.removeprefix(FILE_SCHEME).removeprefix("file:")


def plain_location(location: str) -> str:
    """A file that metadata names, in the form of `Objects.location`: Hadoop's clients call S3 `s3a`."""
    for scheme in ("s3a://", "s3n://"):
        if location.startswith(scheme):
            return "s3://" + location.removeprefix(scheme)
    return local_path(location)


def data_files(table: Table, paths: Iterable[str]) -> list[Any]:
    """The manifest entries of Parquet files, with statistics and partition from their footers.

    As pyiceberg's `parquet_file_to_data_file`, without reading the schema anew for each file: an engine writes all
    files of a commit with the same columns, under the table's own field ids.
    """
    import pyarrow.parquet as parquet
    from pyiceberg.io.pyarrow import (
        compute_statistics_plan,
        data_file_statistics_from_parquet_metadata,
        parquet_path_to_id_mapping,
    )
    from pyiceberg.manifest import DataFile as ManifestFile
    from pyiceberg.manifest import DataFileContent, FileFormat

    schema, spec = table.schema(), table.spec()
    plan, ids = compute_statistics_plan(schema, table.properties), parquet_path_to_id_mapping(schema)
    files = []
    for path in paths:
        footer = parquet.read_metadata(path)
        statistics = data_file_statistics_from_parquet_metadata(footer, plan, ids)
        files.append(
            ManifestFile.from_args(
                content=DataFileContent.DATA,
                file_path=FILE_SCHEME + path,
                file_format=FileFormat.PARQUET,
                partition=statistics.partition(spec, schema),
                file_size_in_bytes=Path(path).stat().st_size,
                sort_order_id=None,
                spec_id=spec.spec_id,
                equality_ids=None,
                key_metadata=None,
                **statistics.to_serialized_dict(),
            )
        )
    return files


def listing_of(table: Table, snapshot_id: int, data_files: Iterable[tuple[Any, PartitionSpec]]) -> Listing:
    """The listing of a snapshot that consists of these files, each with the partition spec that it was written
    under.
    """
    snapshot = table.snapshot_by_id(snapshot_id)
    assert snapshot is not None
    schema = table.schema() if snapshot.schema_id is None else table.schemas()[snapshot.schema_id]
    names = {field.field_id: field.name for field in schema.fields}
    types = {field.field_id: field.field_type for field in schema.fields}
    files = []
    for file, spec in data_files:
        files.append(
            DataFile(
                path=local_path(file.file_path),
                rows=file.record_count,
                bytes=file.file_size_in_bytes,
                column_bytes={names[id_]: size for id_, size in (file.column_sizes or {}).items() if id_ in names},
                least=_bounds(file.lower_bounds, names, types),
                most=_bounds(file.upper_bounds, names, types),
                partition=_partition_text(table, file, spec),
            )
        )
    columns = tuple((field.name, str(field.field_type)) for field in schema.fields)
    return Listing(snapshot_id, columns, tuple(sorted(files, key=lambda each: each.path)))


def _bounds(
    bounds: Mapping[int, bytes] | None, names: Mapping[int, str], types: Mapping[int, IcebergType]
) -> dict[str, str]:
    """Bounds as text in Iceberg's own value forms (dates and timestamps as days and microseconds since 1970)."""
    from pyiceberg.conversions import from_bytes

    return {names[id_]: str(from_bytes(types[id_], raw)) for id_, raw in (bounds or {}).items() if id_ in names}  # type: ignore[arg-type]


def _partition_text(table: Table, file: Any, spec: PartitionSpec) -> str | None:
    """A file's partition as people write it (`2017-01`); None for rows without a value, and without partitions."""
    if not spec.fields or file.partition[0] is None:
        return None
    field = spec.fields[0]
    source = table.schema().find_type(field.source_id)
    return str(field.transform.to_human_string(source, file.partition[0]))
