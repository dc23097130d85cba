-- title: On which days did a shop take most?
-- param: from_day date 2025-01-01
-- param: limit int 10
SELECT
  sold_on,
  store,
  net_amount,
  return_count
FROM gold.daily_sales
WHERE sold_on >= :from_day
ORDER BY net_amount DESC, sold_on, store
LIMIT :limit
