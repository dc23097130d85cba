"""Resolves CloudFormation templates the way a deployment would, for the tests and linters beside it.

Not a test module. Reads with salesperf_cli.core.templates, which needs PyYAML only: the linters' own environment has
that, and finds ours by its path. The resolver is one of its own: it puts in what linters and IAM want to see, and
the product's conditions are held against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from salesperf_cli.core.deploy.templates import ORDER
from salesperf_cli.core.templates import reading
from salesperf_cli.core.templates.parameters import read_parameters

INFRA = Path(__file__).resolve().parents[2] / "infra"
ACCOUNT, REGION = "111122223333", "sa-east-1"  # the account number that AWS uses in its own examples
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::NoValue": None,
}
# What has no default: the keys of what a deployment has uploaded before.
UPLOADED = {
    "ScriptKey": "glue/0/run_layer.py",
    "WheelKey": "wheels/0/salesperf.whl",
    "FunctionKey": "lambda/0/speed.zip",
}
EVERYTHING_ON = {
    "UseLakeFormation": "true",
    "UseDataEvents": "true",
    "UseNamedQueries": "true",
    "UseSecurityConfiguration": "true",
    "WatchStream": "true",
    "MonthlyBudget": "100",
    "ScheduleExpression": "cron(0 5 * * ? *)",
    "AlarmEmail": "somebody@example.com",
    "PipelineKey": "pipelines/0/olist.zip",
    "PythonModules": "sqlglot==30.30.0",
}


class Template(reading.Template):
    """A template of infra/ with what the tests ask of it."""

    @property
    def outputs(self) -> Mapping[str, Mapping[str, Any]]:
        return self.section("Outputs")


def load(name: str) -> Template:
    """One template of infra/ by its name."""
    return Template(name, (INFRA / f"{name}.yaml").read_text("utf-8"))


def load_all() -> tuple[Template, ...]:
    """All templates, in the order in which they are deployed."""
    return tuple(load(name) for name in ORDER)


def parameter_file(name: str) -> dict[str, str]:
    """The values of a parameter file of infra/parameters."""
    return dict(read_parameters(INFRA / "parameters" / f"{name}.json"))


def walk(value: Any) -> Iterator[Any]:
    """Every node of a template, outermost first."""
    yield value
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for child in children:
        yield from walk(child)


class Resolver:
    """Replaces what is known before a deployment: parameters, conditions, joins, and exports by plausible values.

    References to resources of the same template stay as they are (linters follow them), unless `texts` asks for
    text everywhere, as IAM would see it.
    """

    def __init__(self, template: Template, given: Mapping[str, str], *, texts: bool = False) -> None:
        self._template = template
        self._texts = texts
        self._values: dict[str, Any] = dict(PSEUDO)
        for name, parameter in template.parameters.items():
            value = str(given.get(name, parameter.get("Default", UPLOADED.get(name, ""))))
            self._values[name] = int(value) if parameter["Type"] == "Number" else value
        self._conditions = {name: self._truth(body) for name, body in template.body.get("Conditions", {}).items()}

    def template(self) -> dict[str, Any]:
        """The whole template, without what its conditions switch off."""
        body = {key: value for key, value in self._template.body.items() if key not in ("Conditions", "Parameters")}
        for section in ("Resources", "Outputs"):
            kept = {n: v for n, v in body[section].items() if self._conditions.get(v.get("Condition"), True)}
            body[section] = {n: {k: x for k, x in v.items() if k != "Condition"} for n, v in kept.items()}
        resolved: dict[str, Any] = self.value(body)
        return resolved

    def value(self, node: Any) -> Any:
        """A node with everything known put in; a property whose value is AWS::NoValue vanishes."""
        if isinstance(node, list):
            return [v for v in map(self.value, node) if v is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            function, argument = next(iter(node.items()))
            resolve = getattr(self, "_" + function.removeprefix("Fn::").lower(), None)
            if resolve is not None and (function == "Ref" or function.startswith("Fn::")):
                return resolve(argument)
        return {k: v for k, v in ((k, self.value(v)) for k, v in node.items()) if v is not None}

    def _truth(self, body: Mapping[str, Any]) -> bool:
        function, argument = next(iter(body.items()))
        if function == "Fn::Equals":
            left, right = (str(self.value(x)) for x in argument)
            return left == right
        if function == "Fn::Not":
            return not self._truth(argument[0])
        raise NotImplementedError(function)

    def _ref(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        return self._physical(name) if self._texts else {"Ref": name}

    def _getatt(self, path: list[str]) -> Any:
        return self._arn(path[0]) if self._texts else {"Fn::GetAtt": path}

    def _if(self, argument: list[Any]) -> Any:
        return self.value(argument[1] if self._conditions[argument[0]] else argument[2])

    def _join(self, argument: list[Any]) -> Any:
        return argument[0].join(self.value(argument[1]))

    def _split(self, argument: list[Any]) -> Any:
        return self.value(argument[1]).split(argument[0])

    def _importvalue(self, argument: Any) -> str:
        name = self.value(argument)
        return f"arn:aws:imported:{REGION}:{ACCOUNT}:{name}" if name.endswith("Arn") else name.lower()

    def _sub(self, argument: Any) -> Any:
        text, own = (argument, {}) if isinstance(argument, str) else argument
        local = {k: self.value(v) for k, v in own.items()}

        def put(match: re.Match[str]) -> str:
            name = match.group(1)
            if name in local or name in self._values:
                return str(local.get(name, self._values.get(name)))
            return self._arn(name.split(".")[0]) if "." in name else self._physical(name)

        return re.sub(r"\$\{([^!][^}]*)\}", put, text).replace("${!", "${")

    def _physical(self, logical: str) -> str:
        resource = self._template.resources[logical]
        own = resource["Properties"]
        for key in ("BucketName", "Name", "FunctionName", "LogGroupName", "AliasName"):
            if key in own:
                return str(self.value(own[key]))
        if resource["Type"] == "AWS::Glue::Database":
            return str(self.value(own["DatabaseInput"]["Name"]))
        return f"{self._template.name}-{logical}".lower()

    def _arn(self, logical: str) -> str:
        kind = self._template.resources[logical]["Type"]
        if kind == "AWS::S3::Bucket":
            return f"arn:aws:s3:::{self._physical(logical)}"
        if kind == "AWS::KMS::Key":
            return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/00000000-0000-0000-0000-000000000000"
        return f"arn:aws:{kind.split('::')[1].lower()}:{REGION}:{ACCOUNT}:{self._physical(logical)}"
