-- Every item sold, within seconds of its sale: one row per order and item, each counted once. What a delivery holds is
-- taken from there; then what events told before the last run (gold.sales_ahead), then what has landed. Events may have
-- landed twice, and may have been taken over since, so that they are told apart by the item, not by a time. Before
-- the day landed_from, which salesperf fills in, all that landed is in the tables. Orders without items are left out.
WITH told AS (
  SELECT
    event_id, occurred_at, order_id, line_number, order_item_id, status, customer_state, product_id,
    product_category_en, seller_id, seller_state, price, freight
  FROM gold.sales_ahead
  UNION ALL
  SELECT
    event_id, occurred_at, order_id, line_number, order_item_id, status, customer_state, product_id,
    product_category_en, seller_id, seller_state, price, freight
  FROM speed.sale_events
  WHERE landed_date >= :landed_from AND event_type = 'item_sold'
),
ranked AS (
  SELECT
    t.*,
    row_number() OVER (
      PARTITION BY order_id, order_item_id ORDER BY occurred_at DESC, event_id ASC
    ) AS event_rank
  FROM told AS t
),
delivered AS (
  SELECT
    order_id, line_number, order_item_id, purchased_at, status, customer_state, product_id, product_category_en,
    seller_id, seller_state, price, freight
  FROM gold.sales_wide
  WHERE order_item_id IS NOT NULL
)
SELECT
  order_id,
  line_number,
  purchased_at AS occurred_at,
  status,
  customer_state,
  product_category_en AS product_category,
  price,
  freight,
  order_item_id,
  product_id,
  seller_id,
  seller_state,
  'batch' AS source
FROM delivered
UNION ALL
SELECT
  r.order_id,
  r.line_number,
  r.occurred_at,
  r.status,
  r.customer_state,
  r.product_category_en AS product_category,
  r.price,
  r.freight,
  r.order_item_id,
  r.product_id,
  r.seller_id,
  r.seller_state,
  'speed' AS source
FROM ranked AS r
LEFT JOIN delivered AS d
  ON d.order_id = r.order_id AND d.order_item_id = r.order_item_id
WHERE r.event_rank = 1 AND d.order_id IS NULL
