-- One row per purchase month, customer state and product category. Orders, payments and reviews of orders without items
-- stand under the category no_items. An order with items of several categories counts once in each of them.
WITH lines AS (
  SELECT
    purchase_month,
    customer_state,
    customer_region,
    CASE WHEN order_item_id IS NULL THEN 'no_items' ELSE coalesce(product_category_en, 'unknown') END
      AS product_category,
    order_id,
    order_item_id,
    status,
    price,
    freight,
    payment_share,
    review_score,
    is_late
  FROM gold.sales_wide
),
orders AS (
  -- Money summed per order and category first, so that what belongs to an order is counted once.
  SELECT
    purchase_month,
    customer_state,
    customer_region,
    product_category,
    order_id,
    count(order_item_id) AS items,
    sum(price) AS price,
    sum(freight) AS freight,
    sum(payment_share) AS payments,
    max(CASE WHEN status = 'canceled' THEN 1 ELSE 0 END) AS canceled,
    sum(CASE WHEN status = 'canceled' THEN price END) AS canceled_price,
    max(review_score) AS review_score,
    max(CASE WHEN is_late IS NOT NULL THEN 1 ELSE 0 END) AS delivered,
    max(CASE WHEN is_late THEN 1 ELSE 0 END) AS late
  FROM lines
  GROUP BY purchase_month, customer_state, customer_region, product_category, order_id
),
cells AS (
  SELECT
    purchase_month,
    customer_state,
    customer_region,
    product_category,
    count(*) AS orders,
    sum(canceled) AS canceled_orders,
    sum(items) AS items,
    coalesce(sum(price), 0) AS price_total,
    coalesce(sum(freight), 0) AS freight_total,
    coalesce(sum(payments), 0) AS payment_total,
    coalesce(sum(canceled_price), 0) AS canceled_price_total,
    sum(delivered) AS delivered_orders,
    sum(late) AS late_orders,
    count(review_score) AS reviewed_orders,
    sum(review_score) AS review_score_sum
  FROM orders
  GROUP BY purchase_month, customer_state, customer_region, product_category
)
SELECT
  CAST(purchase_month AS DATE) AS purchase_month,
  CAST(customer_state AS STRING) AS customer_state,
  CAST(customer_region AS STRING) AS customer_region,
  CAST(product_category AS STRING) AS product_category,
  CAST(orders AS BIGINT) AS orders,
  CAST(canceled_orders AS BIGINT) AS canceled_orders,
  CAST(items AS BIGINT) AS items,
  CAST(price_total AS DECIMAL(18, 2)) AS price_total,
  CAST(freight_total AS DECIMAL(18, 2)) AS freight_total,
  CAST(payment_total AS DECIMAL(18, 2)) AS payment_total,
  CAST(canceled_price_total AS DECIMAL(18, 2)) AS canceled_price_total,
  CAST(CAST(price_total AS DOUBLE) / CAST(nullif(orders, 0) AS DOUBLE) AS DOUBLE) AS price_per_order,
  CAST(delivered_orders AS BIGINT) AS delivered_orders,
  CAST(late_orders AS BIGINT) AS late_orders,
  CAST(CAST(late_orders AS DOUBLE) / CAST(nullif(delivered_orders, 0) AS DOUBLE) AS DOUBLE) AS late_rate,
  CAST(reviewed_orders AS BIGINT) AS reviewed_orders,
  CAST(CAST(review_score_sum AS DOUBLE) / CAST(nullif(reviewed_orders, 0) AS DOUBLE) AS DOUBLE) AS review_score_mean
FROM cells
