"""A deployed target's parts, put together from its stacks' outputs; each is made when it is first asked for."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from pathlib import Path

from salesperf_cli.backends.aws.athena import AthenaQueries
from salesperf_cli.backends.aws.jobs import GlueJobs
from salesperf_cli.backends.aws.objects import S3Objects
from salesperf_cli.backends.aws.resources import Resources
from salesperf_cli.backends.aws.secrets import SecretsManager
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.backends.aws.stream import KinesisStream
from salesperf_cli.backends.aws.tables import GlueTables
from salesperf_cli.errors import SalesperfError


class AwsLake:
    """Implements `Lake`, and has the jobs that build it. `uploads` is a folder here, in which uploads keep account."""

    def __init__(self, session: AwsSession, resources: Resources, uploads: Path) -> None:
        self.session = session
        self.resources = resources
        self._uploads = uploads

    @cached_property
    def objects(self) -> S3Objects:
        """The lake's bucket."""
        return S3Objects(self.session, self.resources["LakeBucketName"], self._uploads)

    @cached_property
    def tables(self) -> GlueTables:
        """The tables in the Glue catalog."""
        return GlueTables(self.session, self.objects, self.resources["LakeUri"], self.resources.databases)

    @cached_property
    def jobs(self) -> GlueJobs:
        """The jobs of the batch stack."""
        return GlueJobs(self.session, self.resources)

    @cached_property
    def queries(self) -> AthenaQueries:
        """The Athena workgroup of the serving stack."""
        return AthenaQueries(self.session, self.resources.of("serving", "WorkGroupName"), self.resources.databases)

    @cached_property
    def secrets(self) -> SecretsManager:
        """The secrets of the account."""
        return SecretsManager(self.session)

    @cached_property
    def stream(self) -> KinesisStream:
        """The stream of the stream stack."""
        return KinesisStream(self.session, self.resources)

    def landing_since(self, table: str) -> datetime | None:
        """From now on nothing lands that arrived before this moment; None where the stream cannot be asked."""
        try:
            return self.stream.landing_since()
        except SalesperfError:  # no stack, or no right to look: a view that reads more is right, too
            return None
