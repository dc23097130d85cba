-- One row per purchase month, customer state and seller state. What is counted is a shipment: the items of one order
-- that come from one seller.
WITH shipments AS (
  SELECT
    purchase_month,
    customer_state,
    seller_state,
    order_id,
    seller_id,
    count(*) AS items,
    sum(freight) AS freight,
    max(delivery_days) AS delivery_days,
    max(CASE WHEN delivery_days IS NOT NULL THEN estimated_days END) AS estimated_days,
    max(delay_days) AS delay_days,
    max(CASE WHEN is_late THEN 1 ELSE 0 END) AS late,
    max(CAST(floor(distance_km * 1000 + 0.5) AS BIGINT)) AS distance_metres
  FROM gold.sales_wide
  WHERE order_item_id IS NOT NULL
  GROUP BY purchase_month, customer_state, seller_state, order_id, seller_id
),
routes AS (
  SELECT
    purchase_month,
    customer_state,
    seller_state,
    count(*) AS shipments,
    sum(items) AS items,
    sum(freight) AS freight_total,
    count(delivery_days) AS delivered_shipments,
    sum(late) AS late_shipments,
    sum(delivery_days) AS delivery_days_sum,
    sum(estimated_days) AS estimated_days_sum,
    sum(delay_days) AS delay_days_sum,
    max(delay_days) AS delay_days_max,
    count(distance_metres) AS measured_shipments,
    sum(distance_metres) AS distance_metres_sum
  FROM shipments
  GROUP BY purchase_month, customer_state, seller_state
)
SELECT
  CAST(purchase_month AS DATE) AS purchase_month,
  CAST(customer_state AS STRING) AS customer_state,
  CAST(seller_state AS STRING) AS seller_state,
  CAST(shipments AS BIGINT) AS shipments,
  CAST(items AS BIGINT) AS items,
  CAST(freight_total AS DECIMAL(18, 2)) AS freight_total,
  CAST(delivered_shipments AS BIGINT) AS delivered_shipments,
  CAST(late_shipments AS BIGINT) AS late_shipments,
  CAST(CAST(late_shipments AS DOUBLE) / CAST(nullif(delivered_shipments, 0) AS DOUBLE) AS DOUBLE) AS late_rate,
  CAST(CAST(delivery_days_sum AS DOUBLE) / CAST(nullif(delivered_shipments, 0) AS DOUBLE) AS DOUBLE)
    AS delivery_days_mean,
  CAST(CAST(estimated_days_sum AS DOUBLE) / CAST(nullif(delivered_shipments, 0) AS DOUBLE) AS DOUBLE)
    AS estimated_days_mean,
  CAST(CAST(delay_days_sum AS DOUBLE) / CAST(nullif(delivered_shipments, 0) AS DOUBLE) AS DOUBLE) AS delay_days_mean,
  CAST(delay_days_max AS INT) AS delay_days_max,
  CAST(CAST(distance_metres_sum AS DOUBLE) / CAST(nullif(measured_shipments, 0) AS DOUBLE) / 1000 AS DOUBLE)
    AS distance_km_mean
FROM routes
