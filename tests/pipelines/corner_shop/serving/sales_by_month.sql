-- Sales per month and shop, for a dashboard.
SELECT
  date_trunc('month', sold_on) AS sold_month,
  store,
  sum(gross_amount) AS gross_amount,
  sum(returned_amount) AS returned_amount,
  sum(net_amount) AS net_amount
FROM gold.daily_sales
GROUP BY date_trunc('month', sold_on), store
