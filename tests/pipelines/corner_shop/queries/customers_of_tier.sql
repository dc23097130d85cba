-- title: Who belongs to a tier, and what did they bring in?
-- param: tier string gold
SELECT
  customer_id,
  net_amount,
  purchase_count,
  return_rate,
  last_bought_on
FROM gold.customer_value
WHERE tier = :tier
ORDER BY value_rank
