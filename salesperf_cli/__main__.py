"""`python -m salesperf_cli` is the same as `salesperf`."""

from salesperf_cli.app import main

main()
