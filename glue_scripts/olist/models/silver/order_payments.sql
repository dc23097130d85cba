-- One row per payment of an order; an order may be paid in several ways.
SELECT
  CAST(order_id AS STRING) AS order_id,
  CAST(payment_sequential AS INT) AS payment_sequential,
  CAST(lower(trim(payment_type)) AS STRING) AS payment_type,
  CAST(payment_installments AS INT) AS installments,
  CAST(payment_value AS DECIMAL(12, 2)) AS payment_value
FROM bronze.order_payments
