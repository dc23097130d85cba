"""Made-up data in the shape of the nine Olist files: the same seed gives the same bytes on every machine.

Names, headers and look are those of the published files; no row, comment or identifier comes from them.
"""

from salesperf_cli.core.sample.report import Fault, Outcome, SampleFile, SampleReport
from salesperf_cli.core.sample.writing import write_sample

__all__ = ["Fault", "Outcome", "SampleFile", "SampleReport", "write_sample"]
