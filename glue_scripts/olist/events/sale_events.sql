-- key: order_id
-- The events that the deliveries tell: each item sold, at the moment at which its order was placed. `replay` sends the
-- rows in the order of occurred_at, so that all events of an order (the key) keep their order.
SELECT
  sha2(concat_ws('|', 'item_sold', i.order_id, CAST(i.order_item_id AS STRING)), 256) AS event_id,
  'item_sold' AS event_type,
  CAST(o.order_purchase_timestamp AS TIMESTAMP) AS occurred_at,
  CAST(i.order_id AS STRING) AS order_id,
  CAST(i.order_item_id AS INT) AS line_number,
  CAST(i.order_item_id AS INT) AS order_item_id,
  CAST(lower(trim(o.order_status)) AS STRING) AS status,
  CAST(upper(trim(c.customer_state)) AS STRING) AS customer_state,
  CAST(i.product_id AS STRING) AS product_id,
  CAST(coalesce(lower(trim(t.product_category_name_english)), nullif(lower(trim(p.product_category_name)), '')) AS STRING) AS product_category_en,
  CAST(i.seller_id AS STRING) AS seller_id,
  CAST(upper(trim(s.seller_state)) AS STRING) AS seller_state,
  CAST(i.price AS DECIMAL(12, 2)) AS price,
  CAST(i.freight_value AS DECIMAL(12, 2)) AS freight
FROM bronze.order_items AS i
JOIN bronze.orders AS o
  ON o.order_id = i.order_id
LEFT JOIN bronze.customers AS c
  ON c.customer_id = o.customer_id
LEFT JOIN bronze.products AS p
  ON p.product_id = i.product_id
LEFT JOIN bronze.category_translation AS t
  ON t.product_category_name = nullif(lower(trim(p.product_category_name)), '')
LEFT JOIN bronze.sellers AS s
  ON s.seller_id = i.seller_id
