-- Items sold that events have told of and gold.sales_wide does not hold yet. Where events contradict each other, the
-- latest counts.
WITH ranked AS (
  SELECT
    e.event_id,
    e.event_type,
    e.occurred_at,
    e.order_id,
    e.line_number,
    e.order_item_id,
    e.status,
    e.customer_state,
    e.product_id,
    e.product_category_en,
    e.seller_id,
    e.seller_state,
    e.price,
    e.freight,
    row_number() OVER (
      PARTITION BY e.order_id, e.order_item_id ORDER BY e.occurred_at DESC, e.event_id ASC
    ) AS event_rank
  FROM silver.sale_events AS e
  LEFT JOIN gold.sales_wide AS w
    ON w.order_id = e.order_id AND w.order_item_id = e.order_item_id
  WHERE w.order_id IS NULL AND e.event_type = 'item_sold'
)
SELECT
  CAST(event_id AS STRING) AS event_id,
  CAST(event_type AS STRING) AS event_type,
  CAST(occurred_at AS TIMESTAMP) AS occurred_at,
  CAST(order_id AS STRING) AS order_id,
  CAST(line_number AS INT) AS line_number,
  CAST(order_item_id AS INT) AS order_item_id,
  CAST(status AS STRING) AS status,
  CAST(customer_state AS STRING) AS customer_state,
  CAST(product_id AS STRING) AS product_id,
  CAST(product_category_en AS STRING) AS product_category_en,
  CAST(seller_id AS STRING) AS seller_id,
  CAST(seller_state AS STRING) AS seller_state,
  CAST(price AS DECIMAL(12, 2)) AS price,
  CAST(freight AS DECIMAL(12, 2)) AS freight
FROM ranked
WHERE event_rank = 1
