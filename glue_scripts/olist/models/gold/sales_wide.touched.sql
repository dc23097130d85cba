-- The purchase months whose rows of gold.sales_wide this run must make again: the months of the changed orders, before
-- and after, and the months of all orders that a changed row of another table bears on.
WITH touched_zip_prefixes AS (
  SELECT DISTINCT zip_prefix
  FROM changed.geolocation
),
touched_customers AS (
  SELECT customer_id FROM changed.customers
  UNION
  SELECT c.customer_id
  FROM silver.customers AS c
  JOIN touched_zip_prefixes AS z
    ON z.zip_prefix = c.zip_prefix
),
touched_sellers AS (
  SELECT seller_id FROM changed.sellers
  UNION
  SELECT s.seller_id
  FROM silver.sellers AS s
  JOIN touched_zip_prefixes AS z
    ON z.zip_prefix = s.zip_prefix
),
touched_products AS (
  SELECT product_id FROM changed.products
  UNION
  SELECT p.product_id
  FROM silver.products AS p
  JOIN changed.category_translation AS t
    ON t.category_pt = p.category_pt
),
touched_orders AS (
  SELECT order_id FROM changed.order_items
  UNION
  SELECT order_id FROM changed.order_payments
  UNION
  SELECT order_id FROM changed.order_reviews
  UNION
  SELECT o.order_id
  FROM silver.orders AS o
  JOIN touched_customers AS c
    ON c.customer_id = o.customer_id
  UNION
  SELECT i.order_id
  FROM silver.order_items AS i
  JOIN touched_products AS p
    ON p.product_id = i.product_id
  UNION
  SELECT i.order_id
  FROM silver.order_items AS i
  JOIN touched_sellers AS s
    ON s.seller_id = i.seller_id
),
touched_moments AS (
  SELECT purchased_at FROM changed.orders
  UNION
  SELECT o.purchased_at
  FROM silver.orders AS o
  JOIN touched_orders AS t
    ON t.order_id = o.order_id
)
SELECT DISTINCT CAST(trunc(purchased_at, 'month') AS DATE) AS purchase_month
FROM touched_moments
