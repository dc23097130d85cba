"""What the architecture costs: prices with their sources, billing rules, usage, and the estimates made of them.

`book` holds prices, `rules` the arithmetic of bills, `meters` what a service counts, `template` reads
CloudFormation, `usage` says how much is used, `metering` brings both together, `estimate` multiplies. Nothing here
asks AWS and nothing prints.
"""
