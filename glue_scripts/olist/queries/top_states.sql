-- title: Which states buy most?
-- param: from_month date 2016-01-01
-- param: limit int 10
SELECT
  customer_state,
  customer_region,
  count(DISTINCT order_id) AS orders,
  count(order_item_id) AS items,
  coalesce(sum(price), 0) AS price_total,
  coalesce(sum(freight), 0) AS freight_total
FROM gold.sales_wide
WHERE purchase_month >= :from_month
GROUP BY customer_state, customer_region
ORDER BY price_total DESC, customer_state
LIMIT :limit
