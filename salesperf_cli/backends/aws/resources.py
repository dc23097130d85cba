"""What a deployed target consists of, read from the outputs of its stacks: no name is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from salesperf_cli.backends.aws.faults import code_of, told
from salesperf_cli.backends.aws.session import AwsSession
from salesperf_cli.errors import InputError

TEMPLATES = ("foundation", "batch", "stream", "serving", "observe")
"""The stacks of a target, in the order in which they are made."""


@dataclass(frozen=True, slots=True)
class StackNames:
    """How a target's stacks are called: `salesperf-dev-foundation`."""

    prefix: str
    environment: str

    def of(self, template: str) -> str:
        """The stack made from a template."""
        return f"{self.prefix}-{self.environment}-{template}"


class Resources:
    """The outputs of a target's stacks, each stack asked for once."""

    def __init__(self, session: AwsSession, names: StackNames) -> None:
        self._session = session
        self._names = names
        self._outputs: dict[str, Mapping[str, str]] = {}

    def __getitem__(self, output: str) -> str:
        """An output of `foundation`, such as `LakeBucketName`."""
        return self.of("foundation", output)

    def of(self, template: str, output: str) -> str:
        """An output of a stack. Raises InputError when the stack is not deployed or has no such output."""
        outputs = self.outputs(template)
        if output not in outputs:
            raise InputError(
                f"the stack {self._names.of(template)} has no output {output}",
                why="it was deployed by another version of salesperf",
                remedy=f"salesperf deploy --target {self._names.environment}",
            )
        return outputs[output]

    def outputs(self, template: str) -> Mapping[str, str]:
        """All outputs of a stack by name. Raises InputError when it is not deployed."""
        if template not in self._outputs:
            self._outputs[template] = self._read(template)
        return self._outputs[template]

    def _read(self, template: str) -> Mapping[str, str]:
        from botocore.exceptions import ClientError

        name = self._names.of(template)
        with told(f"read the stack {name}"):
            try:
                stack = self._session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
            except ClientError as fault:
                if code_of(fault) == "ValidationError":
                    raise self._not_deployed(name) from fault
                raise
        return {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}

    def _not_deployed(self, name: str) -> InputError:
        return InputError(
            f"the target {self._names.environment} is not deployed",
            why=f"there is no stack {name} in {self._session.region}",
            remedy=f"salesperf deploy --target {self._names.environment}",
        )

    @cached_property
    def databases(self) -> Mapping[str, str]:
        """The catalog database of each layer, by the layer's name."""
        layers = ("silver", "gold", "quarantine", "serving", "speed")
        return {layer: self[f"{layer.capitalize()}DatabaseName"] for layer in layers}
