-- Every item sold, as consumers of live sales read it: one row per order and line. Orders without items are left out.
SELECT
  order_id,
  line_number,
  purchased_at AS occurred_at,
  status,
  customer_state,
  product_category_en AS product_category,
  price,
  freight
FROM gold.sales_wide
WHERE order_item_id IS NOT NULL
