"""Our own figures in CloudWatch. They are told after the work: that they cannot be told must not undo it."""

from __future__ import annotations

from collections.abc import Mapping

from salesperf_cli.backends.aws.session import AwsSession


class CloudWatchMetrics:
    """Puts figures into one namespace, such as `salesperf/dev`; the alarms of the observe stack look at it."""

    def __init__(self, session: AwsSession, namespace: str) -> None:
        self._session = session
        self._namespace = namespace

    def put(self, counts: Mapping[str, int]) -> str | None:
        """Put counts by their names; gives what went wrong, if anything did."""
        from botocore.exceptions import BotoCoreError, ClientError

        data = [{"MetricName": name, "Value": float(value), "Unit": "Count"} for name, value in counts.items()]
        try:
            self._session.client("cloudwatch").put_metric_data(Namespace=self._namespace, MetricData=data)
        except (BotoCoreError, ClientError) as fault:
            return " ".join(str(fault).split())
        return None
