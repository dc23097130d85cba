-- title: How does revenue develop month by month?
-- param: from_month date 2016-01-01
-- param: to_month date 2018-12-01
SELECT
  purchase_month,
  count(DISTINCT order_id) AS orders,
  count(order_item_id) AS items,
  coalesce(sum(price), 0) AS price_total,
  coalesce(sum(freight), 0) AS freight_total,
  coalesce(sum(payment_share), 0) AS payment_total
FROM gold.sales_wide
WHERE purchase_month BETWEEN :from_month AND :to_month
GROUP BY purchase_month
ORDER BY purchase_month
