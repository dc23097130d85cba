-- One row per order, with the five moments of its life under short names.
SELECT
  CAST(order_id AS STRING) AS order_id,
  CAST(customer_id AS STRING) AS customer_id,
  CAST(lower(trim(order_status)) AS STRING) AS status,
  CAST(order_purchase_timestamp AS TIMESTAMP) AS purchased_at,
  CAST(order_approved_at AS TIMESTAMP) AS approved_at,
  CAST(order_delivered_carrier_date AS TIMESTAMP) AS carrier_at,
  CAST(order_delivered_customer_date AS TIMESTAMP) AS delivered_at,
  CAST(order_estimated_delivery_date AS TIMESTAMP) AS estimated_delivery_at
FROM bronze.orders
