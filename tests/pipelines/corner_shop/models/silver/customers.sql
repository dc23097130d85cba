-- One row per loyalty card. The name is that of the newest line; lines of one second are told apart by their number.
WITH lines AS (
  SELECT
    customer_id,
    customer_name,
    sold_on,
    row_number() OVER (PARTITION BY customer_id ORDER BY recorded_at DESC, transaction_id DESC) AS newest_first
  FROM silver.transactions
  WHERE customer_id IS NOT NULL
)
SELECT
  CAST(l.customer_id AS STRING) AS customer_id,
  CAST(max(CASE WHEN l.newest_first = 1 THEN l.customer_name END) AS STRING) AS customer_name,
  CAST(min(l.sold_on) AS DATE) AS first_seen_on,
  CAST(max(l.sold_on) AS DATE) AS last_seen_on,
  CAST(count(*) AS BIGINT) AS line_count
FROM lines AS l
GROUP BY l.customer_id
