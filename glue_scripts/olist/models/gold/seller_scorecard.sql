-- One row per seller with at least one item sold: volume, money, punctuality, review scores, rank by revenue.
WITH orders AS (
  SELECT
    seller_id,
    seller_city,
    seller_state,
    seller_region,
    order_id,
    min(purchased_at) AS purchased_at,
    count(*) AS items,
    sum(price) AS price,
    sum(freight) AS freight,
    max(CASE WHEN status = 'canceled' THEN 1 ELSE 0 END) AS canceled,
    max(delivery_days) AS delivery_days,
    max(CASE WHEN is_late THEN 1 ELSE 0 END) AS late,
    max(review_score) AS review_score,
    max(CAST(floor(distance_km * 1000 + 0.5) AS BIGINT)) AS distance_metres
  FROM gold.sales_wide
  WHERE order_item_id IS NOT NULL
  GROUP BY seller_id, seller_city, seller_state, seller_region, order_id
),
totals AS (
  SELECT
    seller_id,
    seller_city,
    seller_state,
    seller_region,
    min(purchased_at) AS first_sale_at,
    max(purchased_at) AS last_sale_at,
    count(*) AS orders,
    sum(canceled) AS canceled_orders,
    sum(items) AS items,
    sum(price) AS price_total,
    sum(freight) AS freight_total,
    count(delivery_days) AS delivered_orders,
    sum(delivery_days) AS delivery_days_sum,
    sum(late) AS late_orders,
    count(review_score) AS reviewed_orders,
    sum(review_score) AS review_score_sum,
    count(distance_metres) AS measured_orders,
    sum(distance_metres) AS distance_metres_sum
  FROM orders
  GROUP BY seller_id, seller_city, seller_state, seller_region
),
assortments AS (
  SELECT seller_id, count(*) AS products
  FROM (SELECT DISTINCT seller_id, product_id FROM gold.sales_wide WHERE order_item_id IS NOT NULL) AS sold
  GROUP BY seller_id
)
SELECT
  CAST(t.seller_id AS STRING) AS seller_id,
  CAST(t.seller_city AS STRING) AS seller_city,
  CAST(t.seller_state AS STRING) AS seller_state,
  CAST(t.seller_region AS STRING) AS seller_region,
  CAST(t.first_sale_at AS TIMESTAMP) AS first_sale_at,
  CAST(t.last_sale_at AS TIMESTAMP) AS last_sale_at,
  CAST(t.orders AS BIGINT) AS orders,
  CAST(t.canceled_orders AS BIGINT) AS canceled_orders,
  CAST(t.items AS BIGINT) AS items,
  CAST(a.products AS BIGINT) AS products,
  CAST(t.price_total AS DECIMAL(18, 2)) AS price_total,
  CAST(t.freight_total AS DECIMAL(18, 2)) AS freight_total,
  CAST(CAST(t.price_total AS DOUBLE) / CAST(nullif(t.orders, 0) AS DOUBLE) AS DOUBLE) AS price_per_order,
  CAST(row_number() OVER (ORDER BY t.price_total DESC, t.seller_id ASC) AS BIGINT) AS revenue_rank,
  CAST(t.delivered_orders AS BIGINT) AS delivered_orders,
  CAST(t.late_orders AS BIGINT) AS late_orders,
  CAST(CAST(t.late_orders AS DOUBLE) / CAST(nullif(t.delivered_orders, 0) AS DOUBLE) AS DOUBLE) AS late_rate,
  CAST(CAST(t.delivery_days_sum AS DOUBLE) / CAST(nullif(t.delivered_orders, 0) AS DOUBLE) AS DOUBLE)
    AS delivery_days_mean,
  CAST(t.reviewed_orders AS BIGINT) AS reviewed_orders,
  CAST(CAST(t.review_score_sum AS DOUBLE) / CAST(nullif(t.reviewed_orders, 0) AS DOUBLE) AS DOUBLE)
    AS review_score_mean,
  CAST(CAST(t.distance_metres_sum AS DOUBLE) / CAST(nullif(t.measured_orders, 0) AS DOUBLE) / 1000 AS DOUBLE)
    AS distance_km_mean
FROM totals AS t
JOIN assortments AS a
  ON a.seller_id = t.seller_id
