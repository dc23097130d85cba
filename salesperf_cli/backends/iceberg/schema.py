"""A contract's columns and partition as Iceberg's schema and partition spec. Touches no catalog and no file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from salesperf_cli.core.tables import Column, Partition

if TYPE_CHECKING:
    from pyiceberg.schema import Schema
    from pyiceberg.types import IcebergType


def partition_name(partition: Partition) -> str:
    """The name of the partition field: Iceberg's own convention."""
    return partition.column if partition.transform == "identity" else f"{partition.column}_{partition.transform}"


def iceberg_schema(columns: Iterable[Column]) -> Schema:
    """The schema of a new table: every field optional, since rules hold what must not be null."""
    from pyiceberg.schema import Schema
    from pyiceberg.types import NestedField

    fields = (
        NestedField(
            field_id=at, name=column.name, field_type=iceberg_type(column), required=False, doc=column.description
        )
        for at, column in enumerate(columns, start=1)
    )
    return Schema(*fields)


def iceberg_type(column: Column) -> IcebergType:
    """A column's type."""
    from pyiceberg import types

    kinds: dict[str, type[Any]] = {
        "string": types.StringType,
        "int": types.IntegerType,
        "bigint": types.LongType,
        "double": types.DoubleType,
        "boolean": types.BooleanType,
        "date": types.DateType,
        "timestamp": types.TimestampType,
    }
    if column.type.kind == "decimal":
        return types.DecimalType(column.type.precision, column.type.scale)
    built: IcebergType = kinds[column.type.kind]()
    return built


def partition_spec(partition: Partition, schema: Schema) -> Any:
    """The partition spec of a table with this schema."""
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.transforms import parse_transform

    source = schema.find_field(partition.column)
    return PartitionSpec(
        PartitionField(source.field_id, 1000, parse_transform(partition.transform), partition_name(partition))
    )
