"""The AWS Price List: products by service and attributes, as plain objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from salesperf_cli.backends.aws.faults import told
from salesperf_cli.backends.aws.session import AwsSession

REGION = "us-east-1"
"""The API is there, in eu-central-1 and in ap-south-1, whichever region's prices are asked for."""


class PriceList:
    """Implements `Prices`; the session must be one in `REGION`."""

    def __init__(self, session: AwsSession) -> None:
        self._session = session

    def products(self, service_code: str, fields: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """The products of a service whose attributes have these values."""
        import json

        wanted = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]
        with told(f"read the prices of {service_code}"):
            pages = self._session.client("pricing").get_paginator("get_products")
            for page in pages.paginate(ServiceCode=service_code, Filters=wanted, FormatVersion="aws_v1"):
                for product in page["PriceList"]:
                    yield json.loads(product) if isinstance(product, str) else product
