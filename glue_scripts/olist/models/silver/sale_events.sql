-- One row per event: of its copies, bronze has kept one.
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
FROM bronze.sale_events
