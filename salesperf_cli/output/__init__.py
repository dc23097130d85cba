"""The one sink: data to stdout, talk to stderr, in every format. Nothing here knows what the data mean.

`forms` holds the vocabulary, `text` measures and cleans cells, `tables` draws them, `plain` writes JSON and
CSV, `progress` shows that work goes on, `sink` ties them together. Importing this package imports no rich.
"""

from salesperf_cli.output.forms import Align, Block, Column, Fields, Line, OutputFormat, RowSource, Table
from salesperf_cli.output.progress import Progress
from salesperf_cli.output.sink import Look, Sink

__all__ = [
    "Align",
    "Block",
    "Column",
    "Fields",
    "Line",
    "Look",
    "OutputFormat",
    "Progress",
    "RowSource",
    "Sink",
    "Table",
]
