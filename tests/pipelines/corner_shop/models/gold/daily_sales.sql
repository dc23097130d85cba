-- One row per day and shop. Money stays decimal from the receipt to the sum.
SELECT
  CAST(t.sold_on AS DATE) AS sold_on,
  CAST(t.store AS STRING) AS store,
  CAST(count(*) AS BIGINT) AS line_count,
  CAST(sum(CASE WHEN t.is_return THEN 1 ELSE 0 END) AS BIGINT) AS return_count,
  CAST(count(DISTINCT t.customer_id) AS BIGINT) AS known_customer_count,
  CAST(sum(t.quantity) AS BIGINT) AS piece_count,
  CAST(coalesce(sum(CASE WHEN NOT t.is_return THEN t.amount END), 0) AS DECIMAL(18, 2)) AS gross_amount,
  CAST(0 - coalesce(sum(CASE WHEN t.is_return THEN t.amount END), 0) AS DECIMAL(18, 2)) AS returned_amount,
  CAST(coalesce(sum(t.amount), 0) AS DECIMAL(18, 2)) AS net_amount
FROM silver.transactions AS t
GROUP BY t.sold_on, t.store
