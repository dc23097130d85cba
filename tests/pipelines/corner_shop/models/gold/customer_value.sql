-- One row per loyalty card, ranked by what it brought in; equal customers are ranked by their number, so that every engine
-- ranks alike. Ratios are doubles, made from exact sums.
WITH customers AS (
  SELECT
    customer_id,
    count(*) AS line_count,
    sum(CASE WHEN is_return THEN 0 ELSE 1 END) AS purchase_count,
    sum(CASE WHEN is_return THEN 1 ELSE 0 END) AS return_count,
    CAST(sum(amount) AS DECIMAL(18, 2)) AS net_amount,
    max(CASE WHEN NOT is_return THEN sold_on END) AS last_bought_on
  FROM silver.transactions
  WHERE customer_id IS NOT NULL
  GROUP BY customer_id
),
ranked AS (
  SELECT
    customer_id,
    line_count,
    purchase_count,
    return_count,
    net_amount,
    last_bought_on,
    row_number() OVER (ORDER BY net_amount DESC, customer_id) AS value_rank
  FROM customers
),
population AS (
  SELECT count(*) AS customer_count
  FROM customers
)
SELECT
  CAST(r.customer_id AS STRING) AS customer_id,
  CAST(r.purchase_count AS BIGINT) AS purchase_count,
  CAST(r.return_count AS BIGINT) AS return_count,
  CAST(r.net_amount AS DECIMAL(18, 2)) AS net_amount,
  CAST(CAST(r.net_amount AS DOUBLE) / nullif(CAST(r.purchase_count AS DOUBLE), 0) AS DOUBLE) AS average_amount,
  CAST(CAST(r.return_count AS DOUBLE) / nullif(CAST(r.line_count AS DOUBLE), 0) AS DOUBLE) AS return_rate,
  CAST(r.last_bought_on AS DATE) AS last_bought_on,
  CAST(r.value_rank AS INT) AS value_rank,
  CAST(
    CASE
      WHEN r.value_rank * 10 <= p.customer_count THEN 'gold'
      WHEN r.value_rank * 10 <= p.customer_count * 4 THEN 'silver'
      ELSE 'bronze'
    END AS STRING
  ) AS tier
FROM ranked AS r
CROSS JOIN population AS p
