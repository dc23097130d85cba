"""The page of AWS permissions: what each verb calls, and the policy for it, from salesperf_cli/core/permissions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from pages.markdown import table, words
from salesperf_cli.core.permissions.place import PLACEHOLDERS
from salesperf_cli.core.permissions.policy import Part, document, parts, template_types
from salesperf_cli.core.permissions.verbs import VERBS, Verb

INFRA = Path(__file__).resolve().parents[2] / "infra"

_HEAD = """# AWS permissions

What each verb calls on AWS, and the least IAM policy for it. Both come from one definition
(`salesperf_cli/core/permissions`), and every verb is run under its policy alone, against a
stand-in account that refuses whatever the policy does not allow ([ADR 0018][adr]).

```text
$ salesperf permissions query --policy --target dev > query.json
$ aws iam create-policy --policy-name salesperf-query --policy-document file://query.json
```

fills in the names of a target. Here they are left open: `${LakeBucketName}` and its like are
outputs of the [stacks](../../infra/README.md), `${StackPrefix}` and `${Environment}` are the
two parts of every name (`salesperf`, `dev`), and `${DatabasePrefix}` is both with underscores
(`salesperf_dev`).

- **Encryption.** Everything is stored under the lake's key, and S3 and Kinesis use it in the
  caller's name: `kms:ViaService` binds its use to them.
- **`s3:ListBucket`** is on the whole bucket. With a prefix as condition, S3 would say 403 and not
  404 of an object that is missing, and the ledger has to tell these apart.
- **Athena** reads tables and writes results in the caller's name, so who asks needs both.
- **Other clients of Athena** need less than `query`, which also reads the stacks and the ledger: for
  them `foundation` makes a policy (`AnalystPolicyArn`).
- **Jobs and the function** have roles of their own (`infra/foundation.yaml`), which the person
  who starts a run does not need.
- **Secrets** of APIs are expected under the name `<StackPrefix>/…`; for other names change that
  one resource, and add `kms:Decrypt` where a secret has a key of its own.
- **`deploy` and `destroy`** take several policies: what salesperf calls itself, and what
  CloudFormation does in the caller's name, a template each. The latter follow from the
  resource types of the templates and could not be tried: no AWS account was at hand. Whoever may
  make roles can give permissions away; `deploy foundation` is for administrators.

[adr]: ../adr/0018-permissions-are-defined-once-and-enforced-in-tests.md
"""


def permissions_page() -> str:
    """Every verb: its calls and its policies."""
    types = template_types(INFRA)
    asking = [verb for verb in VERBS.values() if verb.grants]
    alone = [verb.name for verb in VERBS.values() if not verb.grants]
    rows = [(f"[`{verb.name}`](#{verb.name.replace(' ', '-')})", _services(verb)) for verb in asking]
    sections = [section for verb in asking for section in _sections(verb, types)]
    return "\n".join(
        (
            _HEAD,
            "## At a glance\n",
            table(("Verb", "Services"), rows),
            f"These ask AWS nothing: {words(alone)}.\n",
            *sections,
        )
    )


def _services(verb: Verb) -> str:
    return words(tuple(dict.fromkeys(action.partition(":")[0] for action in verb.actions)))


def _sections(verb: Verb, types: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    found = parts(verb, types)
    yield f"## {verb.name}\n"
    for part in found:
        if len(found) > 1:
            yield f"### {verb.name} {part.name}\n"
        yield from _part(part)


def _part(part: Part) -> Iterator[str]:
    rows = [(grant.purpose, words(grant.actions)) for grant in part.grants]
    yield table(("What for", "Actions"), rows)
    yield f"<details><summary>Policy</summary>\n\n```json\n{_policy(part)}\n```\n\n</details>\n"


def _policy(part: Part) -> str:
    """The policy, a statement a line."""
    made = document(part.grants, PLACEHOLDERS)
    statements = ",\n".join(f"    {json.dumps(each)}" for each in made["Statement"])
    return f'{{\n  "Version": "{made["Version"]}",\n  "Statement": [\n{statements}\n  ]\n}}'
