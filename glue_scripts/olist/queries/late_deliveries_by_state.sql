-- title: Where do deliveries come late?
-- param: min_shipments int 100
SELECT
  customer_state,
  sum(delivered_shipments) AS delivered_shipments,
  sum(late_shipments) AS late_shipments,
  CAST(sum(late_shipments) AS double) / nullif(sum(delivered_shipments), 0) AS late_rate,
  sum(delivery_days_mean * delivered_shipments) / nullif(sum(delivered_shipments), 0) AS delivery_days_mean,
  max(delay_days_max) AS delay_days_max
FROM gold.delivery_performance
GROUP BY customer_state
HAVING sum(delivered_shipments) >= :min_shipments
ORDER BY late_rate DESC, customer_state
