"""Small jobs for the stand-in account, as text, and the settings of Spark that a job's template gives it."""

from __future__ import annotations

LAKE = "a-lake"
CONF = (
    "spark.sql.extensions=org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
    " --conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog"
    " --conf spark.sql.catalog.lake.catalog-impl=org.apache.iceberg.aws.glue.GlueCatalog"
    " --conf spark.sql.catalog.lake.io-impl=org.apache.iceberg.aws.s3.S3FileIO"
    f" --conf spark.sql.catalog.lake.warehouse=s3://{LAKE}/warehouse"
    " --conf spark.sql.session.timeZone=UTC"
)
WRITES = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
read = spark.read.options(header="true", escape='"').csv(sys.argv[sys.argv.index("--from") + 1])
read.createOrReplaceTempView("arrived")
table = "lake.shop.sales"
spark.sql(f"CREATE TABLE {table} (id INT, sold_at TIMESTAMP_NTZ, price DECIMAL(12,2), note STRING)"
          " USING iceberg PARTITIONED BY (months(sold_at))")
spark.sql(f"INSERT INTO {table} SELECT CAST(id AS INT), CAST(sold_at AS TIMESTAMP_NTZ), CAST(price AS DECIMAL(12,2)),"
          " note FROM arrived")
spark.sql(f"INSERT INTO {table} VALUES (3, TIMESTAMP_NTZ'2018-02-01 00:00:00', 7.25, NULL)")
print(f"{spark.table(table).count()} rows")
"""
FAILS = """
import helper
print("before")
raise ValueError(helper.WORD)
"""
SLEEPS = """
import sys, time
print("asleep", flush=True)
time.sleep(float(sys.argv[sys.argv.index("--seconds") + 1]))
"""
PACKED = """
import pathlib
import brought
print((pathlib.Path(brought.__file__).parent / "words.txt").read_text())
import salesperf_cli
"""
ARRIVED = b'id,sold_at,price,note\n1,2018-01-05 10:00:00,10.50,"a ""b"""\n2,2018-01-06 11:30:00,1.25,\n'
