"""salesperf: carry a sales lakehouse from the first CSV to audited wide tables, on a laptop and on AWS alike."""

__version__ = "0.1.0"
