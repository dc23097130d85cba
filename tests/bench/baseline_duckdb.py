"""The speed benchmark's peer: the Olist pipeline as a plain hand-written DuckDB script, zip to Parquet.

It makes the same nine silver and five gold tables, columns and partitions as the pipeline,
and nothing besides: no
contracts, no quality rules, no quarantine, no catalog,
no increments. It shares no code and no SQL with the pipeline.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

SOURCES = {
    "customers": "customer_id, customer_unique_id, customer_zip_code_prefix, customer_city, customer_state",
    "geolocation": "geolocation_zip_code_prefix, geolocation_lat, geolocation_lng, geolocation_city, geolocation_state",
    "order_items": "order_id, order_item_id, product_id, seller_id, shipping_limit_date, price, freight_value",
    "order_payments": "order_id, payment_sequential, payment_type, payment_installments, payment_value",
    "order_reviews": "review_id, order_id, review_score, review_comment_title, review_comment_message, "
    "review_creation_date, review_answer_timestamp",
    "orders": "order_id, customer_id, order_status, order_purchase_timestamp, order_approved_at, "
    "order_delivered_carrier_date, order_delivered_customer_date, order_estimated_delivery_date",
    "products": "product_id, product_category_name, product_name_lenght, product_description_lenght, "
    "product_photos_qty, product_weight_g, product_length_cm, product_height_cm, product_width_cm",
    "sellers": "seller_id, seller_zip_code_prefix, seller_city, seller_state",
    "category_translation": "product_category_name, product_category_name_english",
}
FILES = {name: f"olist_{name}_dataset.csv" for name in SOURCES} | {
    "category_translation": "product_category_name_translation.csv"
}

SILVER = {
    "customers": """
        SELECT DISTINCT ON (customer_id)
            customer_id, customer_unique_id, lpad(trim(customer_zip_code_prefix), 5, '0') AS zip_prefix,
            lower(trim(customer_city)) AS city, upper(trim(customer_state)) AS state
        FROM {source}""",
    "geolocation": """
        WITH named AS (
            SELECT DISTINCT
                lpad(trim(geolocation_zip_code_prefix), 5, '0') AS zip_prefix,
                geolocation_lat::DOUBLE AS lat, geolocation_lng::DOUBLE AS lng,
                lower(trim(geolocation_city)) AS city, upper(trim(geolocation_state)) AS state
            FROM {source}
        ), points AS (
            SELECT DISTINCT
                zip_prefix, lat, lng, lat BETWEEN -33.76 AND 5.28 AND lng BETWEEN -73.99 AND -28.83 AS inside
            FROM named
        ), chosen AS (
            SELECT
                zip_prefix, bool_or(inside) AS inside_brazil,
                CASE WHEN bool_or(inside) THEN avg(lat) FILTER (inside) ELSE avg(lat) END AS latitude,
                CASE WHEN bool_or(inside) THEN avg(lng) FILTER (inside) ELSE avg(lng) END AS longitude,
                CASE WHEN bool_or(inside) THEN count(*) FILTER (inside) ELSE count(*) END AS points
            FROM points GROUP BY zip_prefix
        ), places AS (
            SELECT zip_prefix, city, state FROM named GROUP BY zip_prefix, city, state
            QUALIFY row_number() OVER (PARTITION BY zip_prefix ORDER BY count(*) DESC, city, state) = 1
        )
        SELECT zip_prefix, latitude, longitude, points::INT AS points, inside_brazil, city, state
        FROM chosen JOIN places USING (zip_prefix)""",
    "order_items": """
        SELECT DISTINCT ON (order_id, order_item_id)
            order_id, order_item_id::INT AS order_item_id, product_id, seller_id,
            shipping_limit_date::TIMESTAMP AS shipping_limit_at,
            price::DECIMAL(12, 2) AS price, freight_value::DECIMAL(12, 2) AS freight
        FROM {source}""",
    "order_payments": """
        SELECT DISTINCT ON (order_id, payment_sequential)
            order_id, payment_sequential::INT AS payment_sequential,
            lower(trim(payment_type)) AS payment_type,
            payment_installments::INT AS installments, payment_value::DECIMAL(12, 2) AS payment_value
        FROM {source}""",
    "order_reviews": """
        SELECT DISTINCT ON (review_id, order_id)
            review_id, order_id, review_score::INT AS review_score,
            nullif(trim(replace(replace(review_comment_title, chr(13) || chr(10), chr(10)), chr(9), ' '),
                        ' ' || chr(10)), '') AS comment_title,
            nullif(trim(replace(replace(review_comment_message, chr(13) || chr(10), chr(10)), chr(9), ' '),
                        ' ' || chr(10)), '') AS comment_message,
            review_creation_date::TIMESTAMP AS created_at, review_answer_timestamp::TIMESTAMP AS answered_at
        FROM {source}""",
    "orders": """
        SELECT DISTINCT ON (order_id)
            order_id, customer_id, lower(trim(order_status)) AS status,
            order_purchase_timestamp::TIMESTAMP AS purchased_at, order_approved_at::TIMESTAMP AS approved_at,
            order_delivered_carrier_date::TIMESTAMP AS carrier_at,
            order_delivered_customer_date::TIMESTAMP AS delivered_at,
            order_estimated_delivery_date::TIMESTAMP AS estimated_delivery_at
        FROM {source}""",
    "products": """
        SELECT DISTINCT ON (product_id)
            product_id, nullif(lower(trim(product_category_name)), '') AS category_pt,
            product_name_lenght::INT AS name_length, product_description_lenght::INT AS description_length,
            product_photos_qty::INT AS photos, product_weight_g::INT AS weight_g,
            product_length_cm::INT AS length_cm, product_height_cm::INT AS height_cm,
            product_width_cm::INT AS width_cm
        FROM {source}""",
    "sellers": """
        SELECT DISTINCT ON (seller_id)
            seller_id, lpad(trim(seller_zip_code_prefix), 5, '0') AS zip_prefix,
            lower(trim(seller_city)) AS city, upper(trim(seller_state)) AS state
        FROM {source}""",
    "category_translation": """
        SELECT DISTINCT ON (product_category_name)
            product_category_name AS category_pt, lower(trim(product_category_name_english)) AS category_en
        FROM {source}""",
}

REGION = """
    CREATE MACRO region_of(state) AS CASE
        WHEN state IN ('AC', 'AM', 'AP', 'PA', 'RO', 'RR', 'TO') THEN 'N'
        WHEN state IN ('AL', 'BA', 'CE', 'MA', 'PB', 'PE', 'PI', 'RN', 'SE') THEN 'NE'
        WHEN state IN ('DF', 'GO', 'MS', 'MT') THEN 'CO'
        WHEN state IN ('ES', 'MG', 'RJ', 'SP') THEN 'SE'
        WHEN state IN ('PR', 'RS', 'SC') THEN 'S'
    END"""

GOLD = {
    "sales_wide": """
        WITH types AS (
            SELECT order_id, payment_type, sum(payment_value) AS total, count(*) AS n,
            max(installments) AS installments
            FROM order_payments GROUP BY ALL
        ), payments AS (
            SELECT
                order_id, sum(total)::DECIMAL(12, 2) AS payment_total, (sum(total) * 100)::BIGINT AS cents,
                sum(n)::INT AS payment_count,
                string_agg(payment_type, ',' ORDER BY payment_type) AS payment_types,
                first(payment_type ORDER BY total DESC, payment_type) AS payment_main_type,
                max(installments) AS payment_installments
            FROM types GROUP BY order_id
        ), reviews AS (
            SELECT
                order_id, count(*)::INT AS review_count,
                first(
                    review_score
                    ORDER BY answered_at DESC NULLS LAST, created_at DESC NULLS LAST, review_id DESC
                ) AS review_score
            FROM order_reviews GROUP BY order_id
        ), buyers AS (
            SELECT
                customer_id, sha256('salesperf.olist.customer:' || customer_unique_id) AS customer_key,
                c.city, c.state, radians(latitude) AS lat, radians(longitude) AS lng
            FROM customers c LEFT JOIN geolocation g ON g.zip_prefix = c.zip_prefix AND g.inside_brazil
        ), vendors AS (
            SELECT seller_id, s.city, s.state, radians(latitude) AS lat, radians(longitude) AS lng
            FROM sellers s LEFT JOIN geolocation g ON g.zip_prefix = s.zip_prefix AND g.inside_brazil
        ), weighed AS (
            SELECT
                order_id, order_item_id, cents, ((price + freight) * 100)::BIGINT AS line_cents,
                sum(line_cents) OVER whole::BIGINT AS order_cents,
                min(order_item_id) OVER whole AS first_item,
                CASE WHEN order_cents > 0 THEN (cents * line_cents) // order_cents ELSE 0 END AS floor_cents
            FROM order_items JOIN payments USING (order_id)
            WINDOW whole AS (PARTITION BY order_id)
        ), shares AS (
            SELECT
                order_id, order_item_id, floor_cents + CASE WHEN order_item_id = first_item
                    THEN cents - sum(floor_cents) OVER (PARTITION BY order_id) ELSE 0 END AS share_cents
            FROM weighed
        )
        SELECT
            order_id, coalesce(order_item_id, 0) AS line_number, order_item_id, status, purchased_at,
            approved_at, carrier_at, delivered_at, estimated_delivery_at,
            purchased_at::DATE AS purchase_date, date_trunc('month', purchased_at)::DATE AS purchase_month,
            year(purchased_at)::INT AS purchase_year,
            quarter(purchased_at)::INT AS purchase_quarter, isodow(purchased_at)::INT AS purchase_weekday,
            hour(purchased_at)::INT AS purchase_hour,
            customer_key, b.city AS customer_city, b.state AS customer_state,
            region_of(b.state) AS customer_region,
            shipping_limit_at, price, freight, product_id, category_pt AS product_category_pt,
            coalesce(category_en, category_pt) AS product_category_en, name_length AS product_name_length,
            description_length AS product_description_length, photos AS product_photos,
            weight_g AS product_weight_g, length_cm AS product_length_cm, height_cm AS product_height_cm,
            width_cm AS product_width_cm,
            length_cm::BIGINT * height_cm * width_cm AS product_volume_cm3,
            seller_id, v.city AS seller_city, v.state AS seller_state, region_of(v.state) AS seller_region,
            CASE WHEN b.lat IS NOT NULL AND v.lat IS NOT NULL THEN 2 * 6371.0088 * asin(sqrt(least(1,
                sin((v.lat - b.lat) / 2) ** 2 + cos(b.lat) * cos(v.lat) * sin((v.lng - b.lng) / 2) ** 2)))
            END AS distance_km,
            payment_total, CASE WHEN order_item_id IS NULL THEN payment_total
                ELSE (share_cents::DECIMAL(16, 0) * 0.01)::DECIMAL(12, 2) END AS payment_share,
            coalesce(payment_count, 0) AS payment_count, payment_types, payment_main_type,
            payment_installments, review_score, coalesce(review_count, 0) AS review_count,
            date_diff('day', purchased_at::DATE, delivered_at::DATE)::INT AS delivery_days,
            date_diff('day', purchased_at::DATE, estimated_delivery_at::DATE)::INT AS estimated_days,
            date_diff('day', estimated_delivery_at::DATE, delivered_at::DATE)::INT AS delay_days,
            delivered_at::DATE > estimated_delivery_at::DATE AS is_late
        FROM orders LEFT JOIN order_items USING (order_id)
        LEFT JOIN shares USING (order_id, order_item_id)
        LEFT JOIN payments USING (order_id)
        LEFT JOIN buyers b USING (customer_id)
        LEFT JOIN products USING (product_id) LEFT JOIN category_translation USING (category_pt)
        LEFT JOIN vendors v USING (seller_id)
        LEFT JOIN reviews USING (order_id)""",
    "sales_monthly": """
        WITH per_order AS (
            SELECT
                purchase_month, customer_state, customer_region, order_id,
                CASE
                    WHEN order_item_id IS NULL THEN 'no_items' ELSE coalesce(product_category_en, 'unknown')
                END AS product_category,
                count(order_item_id) AS items, sum(price) AS price, sum(freight) AS freight,
                sum(payment_share) AS payments, bool_or(status = 'canceled') AS canceled,
                max(review_score) AS score, bool_or(is_late IS NOT NULL) AS delivered,
                bool_or(is_late) AS late
            FROM sales_wide GROUP BY ALL
        )
        SELECT
            purchase_month, customer_state, customer_region, product_category, count(*) AS orders,
            count(*) FILTER (canceled) AS canceled_orders, sum(items)::BIGINT AS items,
            coalesce(sum(price), 0)::DECIMAL(18, 2) AS price_total,
            coalesce(sum(freight), 0)::DECIMAL(18, 2) AS freight_total,
            coalesce(sum(payments), 0)::DECIMAL(18, 2) AS payment_total,
            coalesce(sum(price) FILTER (canceled), 0)::DECIMAL(18, 2) AS canceled_price_total,
            price_total::DOUBLE / orders AS price_per_order, count(*) FILTER (delivered) AS delivered_orders,
            count(*) FILTER (late) AS late_orders,
            late_orders::DOUBLE / nullif(delivered_orders, 0) AS late_rate,
            count(score) AS reviewed_orders, avg(score) AS review_score_mean
        FROM per_order GROUP BY ALL""",
    "seller_scorecard": """
        WITH per_order AS (
            SELECT
                seller_id, seller_city, seller_state, seller_region, order_id,
                min(purchased_at) AS purchased_at,
                count(*) AS items, sum(price) AS price, sum(freight) AS freight,
                bool_or(status = 'canceled') AS canceled, max(delivery_days) AS days,
                bool_or(is_late) AS late,
                max(review_score) AS score, max(round(distance_km, 3)) AS distance
            FROM sales_wide WHERE order_item_id IS NOT NULL GROUP BY ALL
        ), assortment AS (
            SELECT seller_id, count(DISTINCT product_id) AS products FROM sales_wide GROUP BY seller_id
        ), totals AS (
            SELECT
                seller_id, seller_city, seller_state, seller_region, min(purchased_at) AS first_sale_at,
                max(purchased_at) AS last_sale_at, count(*) AS orders,
                count(*) FILTER (canceled) AS canceled_orders,
                sum(items)::BIGINT AS items, sum(price)::DECIMAL(18, 2) AS price_total,
                sum(freight)::DECIMAL(18, 2) AS freight_total,
                price_total::DOUBLE / orders AS price_per_order,
                count(days) AS delivered_orders, count(*) FILTER (late) AS late_orders,
                late_orders::DOUBLE / nullif(delivered_orders, 0) AS late_rate,
                avg(days) AS delivery_days_mean,
                count(score) AS reviewed_orders, avg(score) AS review_score_mean,
                avg(distance) AS distance_km_mean
            FROM per_order GROUP BY ALL
        )
        SELECT
            seller_id, seller_city, seller_state, seller_region, first_sale_at, last_sale_at, orders,
            canceled_orders, items, products, price_total, freight_total, price_per_order,
            row_number() OVER (ORDER BY price_total DESC, seller_id) AS revenue_rank, delivered_orders,
            late_orders,
            late_rate, delivery_days_mean, reviewed_orders, review_score_mean, distance_km_mean
        FROM totals JOIN assortment USING (seller_id)""",
    "customer_rfm": """
        WITH per_order AS (
            SELECT
                customer_key, order_id, customer_state, customer_region, min(purchased_at) AS purchased_at,
                bool_or(status = 'canceled') AS canceled, coalesce(sum(payment_share), 0) AS payments
            FROM sales_wide GROUP BY ALL
        ), measured AS (
            SELECT
                customer_key, arg_max(customer_state, (purchased_at, order_id)) AS customer_state,
                arg_max(customer_region, (purchased_at, order_id)) AS customer_region,
                min(purchased_at) AS first_purchase_at, max(purchased_at) AS last_purchase_at,
                date_diff('day', last_purchase_at::DATE, (SELECT max(purchased_at)::DATE FROM orders))::INT
                    AS recency_days,
                count(*) AS frequency, count(*) FILTER (canceled) AS canceled_orders,
                sum(payments)::DECIMAL(18, 2) AS monetary
            FROM per_order GROUP BY customer_key
        ), scored AS (
            SELECT
                *, monetary::DOUBLE / frequency AS payment_per_order,
                (1 + (rank() OVER (ORDER BY recency_days DESC) - 1) * 5 // count(*) OVER ())::INT
                    AS recency_score,
                least(frequency, 5)::INT AS frequency_score,
                (1 + (rank() OVER (ORDER BY monetary) - 1) * 5 // count(*) OVER ())::INT AS monetary_score
            FROM measured
        )
        SELECT
            customer_key, customer_state, customer_region, first_purchase_at, last_purchase_at, recency_days,
            frequency, canceled_orders, monetary, payment_per_order, recency_score, frequency_score,
            monetary_score,
            recency_score * 100 + frequency_score * 10 + monetary_score AS rfm_score,
            CASE
                WHEN frequency_score >= 2 AND recency_score >= 4 THEN 'champion'
                WHEN frequency_score >= 2 AND recency_score = 3 THEN 'loyal'
                WHEN frequency_score >= 2 THEN 'at_risk'
                WHEN recency_score >= 4 AND monetary_score >= 4 THEN 'promising'
                WHEN recency_score >= 4 THEN 'new'
                WHEN monetary_score >= 4 THEN 'worth_winning_back'
                WHEN recency_score = 3 THEN 'cooling'
                ELSE 'hibernating'
            END AS segment
        FROM scored""",
    "delivery_performance": """
        WITH shipments AS (
            SELECT
                purchase_month, customer_state, seller_state, order_id, seller_id, count(*) AS items,
                sum(freight) AS freight, max(delivery_days) AS days,
                max(estimated_days) FILTER (delivery_days IS NOT NULL) AS promised, max(delay_days) AS delay,
                bool_or(is_late) AS late, max(round(distance_km, 3)) AS distance
            FROM sales_wide WHERE order_item_id IS NOT NULL GROUP BY ALL
        )
        SELECT
            purchase_month, customer_state, seller_state, count(*) AS shipments, sum(items)::BIGINT AS items,
            sum(freight)::DECIMAL(18, 2) AS freight_total, count(days) AS delivered_shipments,
            count(*) FILTER (late) AS late_shipments,
            late_shipments::DOUBLE / nullif(delivered_shipments, 0) AS late_rate,
            avg(days) AS delivery_days_mean, avg(promised) AS estimated_days_mean,
            avg(delay) AS delay_days_mean,
            max(delay) AS delay_days_max, avg(distance) AS distance_km_mean
        FROM shipments GROUP BY ALL""",
}

MONTHS_OF = {"orders": "purchased_at", "order_items": "shipping_limit_at", "order_reviews": "created_at"}


def unzip(archive: Path, folder: Path) -> None:
    """Extract the nine files, the largest first, on two threads: zlib works outside the lock."""

    def extract(name: str) -> None:
        with zipfile.ZipFile(archive) as opened:
            opened.extract(name, folder)

    with zipfile.ZipFile(archive) as opened:
        names = sorted(FILES.values(), key=lambda name: -opened.getinfo(name).file_size)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(extract, names))


def source_of(name: str, folder: Path) -> str:
    """The table function that reads one file, every column as text."""
    columns = ", ".join(f"'{column}': 'VARCHAR'" for column in SOURCES[name].split(", "))
    options = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"
    return f"read_csv('{folder / FILES[name]}', {options}, columns = {{{columns}}})"


def write(connection: duckdb.DuckDBPyConnection, layer: str, name: str, output: Path) -> None:
    """Write one table as Parquet: one file, or a folder of months."""
    target = output / layer / name
    options = "FORMAT parquet, COMPRESSION zstd"
    if column := MONTHS_OF.get(name):
        query = f"SELECT *, strftime({column}, '%Y-%m') AS month FROM {name}"
        connection.execute(f"COPY ({query}) TO '{target}' ({options}, PARTITION_BY (month))")
    elif name == "sales_wide":
        partition = "PARTITION_BY (purchase_month), WRITE_PARTITION_COLUMNS true"
        connection.execute(f"COPY {name} TO '{target}' ({options}, {partition})")
    else:
        connection.execute(f"COPY {name} TO '{target}.parquet' ({options})")


def run(archive: Path, output: Path) -> str:
    """Make all tables from the archive; return the line of counts."""
    for layer in ("silver", "gold"):
        shutil.rmtree(output / layer, ignore_errors=True)
        (output / layer).mkdir(parents=True)
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(REGION)
    with tempfile.TemporaryDirectory() as folder:
        unzip(archive, Path(folder))
        for name, query in SILVER.items():
            text = query.replace("{source}", source_of(name, Path(folder)))
            connection.execute(f"CREATE TABLE {name} AS {text}")
    for name, query in GOLD.items():
        connection.execute(f"CREATE TABLE {name} AS {query}")
    for layer, names in (("silver", SILVER), ("gold", GOLD)):
        for name in names:
            write(connection, layer, name, output)
    figures = {name: f"(SELECT count(*) FROM {name})" for name in (*SILVER, *GOLD)}
    figures |= {name: f"(SELECT sum({name}) FROM sales_wide)" for name in ("price", "freight", "payment_share")}
    row = connection.execute(f"SELECT {', '.join(figures.values())}").fetchall()[0]
    return " ".join(f"{name}={figure}" for name, figure in zip(figures, row, strict=True))


def main() -> None:
    """Read the arguments, run, print the counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="the Kaggle zip with the nine CSV files")
    parser.add_argument("output", type=Path, help="folder for silver/ and gold/, both replaced")
    arguments = parser.parse_args()
    print(run(arguments.archive, arguments.output))


if __name__ == "__main__":
    main()
