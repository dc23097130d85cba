"""CloudFormation templates, for deploy and cost alike: reading them, parameter files, resolving what is known."""
