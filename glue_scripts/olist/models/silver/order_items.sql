-- One row per item of an order; a quantity of two is two rows.
SELECT
  CAST(order_id AS STRING) AS order_id,
  CAST(order_item_id AS INT) AS order_item_id,
  CAST(product_id AS STRING) AS product_id,
  CAST(seller_id AS STRING) AS seller_id,
  CAST(shipping_limit_date AS TIMESTAMP) AS shipping_limit_at,
  CAST(price AS DECIMAL(12, 2)) AS price,
  CAST(freight_value AS DECIMAL(12, 2)) AS freight
FROM bronze.order_items
