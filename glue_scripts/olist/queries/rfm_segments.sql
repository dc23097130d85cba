-- title: How many customers stand in each segment, and what are they worth?
SELECT
  segment,
  count(*) AS customers,
  sum(frequency) AS orders,
  sum(monetary) AS monetary,
  CAST(sum(monetary) AS double) / count(*) AS monetary_mean,
  avg(CAST(recency_days AS double)) AS recency_days_mean
FROM gold.customer_rfm
GROUP BY segment
ORDER BY monetary DESC, segment
