"""Open Data Contract Standard v3.1: the YAML form of a contract, validated with pydantic and turned into `Contract`.

Field names are the standard's (https://bitol-io.github.io/open-data-contract-standard/). What the engine adds stands in
the standard's own extension points: `customProperties`, and quality rules of `type: custom, engine: salesperf`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Severity = Literal["error", "warning"]


class Part(BaseModel):
    """Base of every element: unknown fields are refused, so that a typing error cannot switch a rule off."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CustomProperty(Part):
    """`customProperties` entry."""

    property: str
    value: Any = None
    description: str | None = None


class CustomRule(Part):
    """`implementation` of a rule of `engine: salesperf`."""

    rule: Literal["row", "freshness", "rowCountChange"]
    expression: str | None = None
    column: str | None = None
    maxAgeDays: float | None = None
    neverBackwards: bool = False
    minPercent: float | None = None
    maxPercent: float | None = None


class Quality(Part):
    """`quality` entry, on a schema object or on a property."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: Literal["library", "sql", "custom", "text"] = "library"
    metric: Literal["invalidValues", "rowCount", "nullValues", "duplicateValues"] | None = None
    arguments: dict[str, Any] = {}
    query: str | None = None
    engine: Literal["salesperf"] | None = None
    implementation: CustomRule | None = None
    severity: Severity = "error"
    description: str = ""
    dimension: str | None = None
    businessImpact: str | None = None
    unit: str | None = None
    tags: list[str] = []
    mustBe: float | None = None
    mustBeGreaterThan: float | None = None
    mustBeGreaterOrEqualTo: float | None = None
    mustBeLessThan: float | None = None
    mustBeLessOrEqualTo: float | None = None
    mustBeBetween: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None


class Relationship(Part):
    """`relationships` entry of a property."""

    type: Literal["foreignKey"] = "foreignKey"
    to: str = Field(pattern=r"^(silver|gold)\.[a-z0-9_]+\.[a-z0-9_]+$")
    customProperties: list[CustomProperty] = []


class TypeOptions(Part):
    """`logicalTypeOptions`."""

    format: str | None = None
    minimum: float | str | None = None
    maximum: float | str | None = None
    minLength: int | None = None
    maxLength: int | None = None
    pattern: str | None = None


class Property(Part):
    """`properties` entry: a column."""

    name: str
    physicalName: str | None = None
    logicalType: Literal["string", "integer", "number", "boolean", "date", "timestamp"]
    physicalType: str
    businessName: str | None = None
    description: str = ""
    primaryKey: bool = False
    primaryKeyPosition: int = -1
    required: bool = False
    unique: bool = False
    partitioned: bool = False
    partitionKeyPosition: int = -1
    classification: Literal["public", "internal", "restricted"] = "internal"
    criticalDataElement: bool = False
    examples: list[Any] = []
    tags: list[str] = []
    logicalTypeOptions: TypeOptions = TypeOptions()
    relationships: list[Relationship] = []
    quality: list[Quality] = []
    customProperties: list[CustomProperty] = []
    transformSourceObjects: list[str] = []
    transformLogic: str | None = None
    transformDescription: str | None = None


class SchemaObject(Part):
    """`schema` entry: the table. A contract of this project holds exactly one."""

    name: str
    physicalName: str
    physicalType: Literal["file", "table"]
    businessName: str | None = None
    description: str = ""
    dataGranularityDescription: str | None = None
    tags: list[str] = []
    properties: Annotated[list[Property], Field(min_length=1)]
    quality: list[Quality] = []
    customProperties: list[CustomProperty] = []


class Description(Part):
    """`description`."""

    purpose: str | None = None
    usage: str | None = None
    limitations: str | None = None
    customProperties: list[CustomProperty] = []


class Team(Part):
    """`team`."""

    name: str | None = None
    description: str | None = None
    members: list[dict[str, Any]] = []


class ContractDocument(Part):
    """A whole contract file. Sections that only people read (support, price, …) are accepted as they are."""

    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    version: str
    status: str
    name: str | None = None
    tenant: str | None = None
    domain: str | None = None
    dataProduct: str | None = None
    tags: list[str] = []
    description: Description = Description()
    schema_: Annotated[list[SchemaObject], Field(min_length=1, max_length=1, alias="schema")]
    team: Team = Team()
    customProperties: list[CustomProperty] = []
    support: Any = None
    price: Any = None
    roles: Any = None
    slaProperties: Any = None
    servers: Any = None
    authoritativeDefinitions: Any = None
    contractCreatedTs: Any = None
