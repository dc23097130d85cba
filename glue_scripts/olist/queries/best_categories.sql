-- title: Which product categories sell best, and how are they rated?
-- param: from_month date 2016-01-01
-- param: limit int 15
SELECT
  product_category,
  sum(items) AS items,
  sum(price_total) AS price_total,
  sum(freight_total) AS freight_total,
  sum(review_score_mean * reviewed_orders) / nullif(sum(reviewed_orders), 0) AS review_score_mean
FROM gold.sales_monthly
WHERE purchase_month >= :from_month AND product_category <> 'no_items'
GROUP BY product_category
ORDER BY price_total DESC, product_category
LIMIT :limit
