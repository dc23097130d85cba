"""The rule of encryption: who reads or writes what is stored needs the lake's key, through the service that stores it.

So no verb names the key by itself: what it needs follows from its other grants. Everything but access logs is encrypted
(infra/foundation.yaml, infra/stream.yaml).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from salesperf_cli.core.permissions.grant import Condition, Grant, arn
from salesperf_cli.core.permissions.services import BY_ALIAS

_USES = {
    "s3:GetObject": ("kms:Decrypt",),
    "s3:PutObject": ("kms:Decrypt", "kms:GenerateDataKey"),  # a part is written under the key of the parts before it
    "kinesis:GetRecords": ("kms:Decrypt",),
    "kinesis:PutRecords": ("kms:GenerateDataKey",),
}
"""S3 User Guide, Protecting data with SSE-KMS; Kinesis Developer Guide, Permissions to use user-generated keys."""
_SERVICES = {"s3": "S3", "kinesis": "Kinesis"}


def key_grants(grants: Sequence[Grant], *, by_alias: bool) -> tuple[Grant, ...]:
    """The use of the key that grants bring with them; `by_alias` where the key may not be made yet."""
    key = arn("kms", "key/*") if by_alias else "${KeyArn}"
    return tuple(
        Grant(
            f"UseTheKeyThrough{title}",
            f"{_doing(actions)} what {title} keeps encrypted.",
            actions,
            (key,),
            (Condition("StringEquals", "kms:ViaService", (f"{service}.${{Region}}.amazonaws.com",)), *_alias(by_alias)),
        )
        for service, title in _SERVICES.items()
        if (actions := tuple(_uses(service, grants)))
    )


def _doing(actions: Sequence[str]) -> str:
    if set(actions) == {"kms:Decrypt"}:
        return "Read"
    return "Write" if set(actions) == {"kms:GenerateDataKey"} else "Read and write"


def _alias(by_alias: bool) -> tuple[Condition, ...]:
    return (BY_ALIAS,) if by_alias else ()


def _uses(service: str, grants: Sequence[Grant]) -> Iterable[str]:
    for grant in grants:
        for action in grant.actions:
            if action.startswith(f"{service}:"):
                yield from _USES.get(action, ())
