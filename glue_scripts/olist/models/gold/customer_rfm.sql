-- One row per customer (pseudonym): recency, frequency and money, each scored 1 to 5, and a segment.
-- Recency is counted from the newest purchase in the data, not from today, so that the same data give the same table.
-- Recency and money are scored by fifths of the customers, equal values alike; frequency by number of orders, because
-- most customers bought once and fifths would tear equal customers apart.
WITH orders AS (
  SELECT
    customer_key,
    order_id,
    customer_state,
    customer_region,
    min(purchased_at) AS purchased_at,
    max(CASE WHEN status = 'canceled' THEN 1 ELSE 0 END) AS canceled,
    coalesce(sum(payment_share), 0) AS payments
  FROM gold.sales_wide
  GROUP BY customer_key, order_id, customer_state, customer_region
),
ranked_orders AS (
  SELECT
    customer_key,
    order_id,
    customer_state,
    customer_region,
    purchased_at,
    canceled,
    payments,
    row_number() OVER (PARTITION BY customer_key ORDER BY purchased_at DESC, order_id DESC) AS order_rank
  FROM orders
),
newest AS (
  SELECT CAST(max(purchased_at) AS DATE) AS newest_date
  FROM orders
),
customers AS (
  SELECT
    customer_key,
    max(CASE WHEN order_rank = 1 THEN customer_state END) AS customer_state,
    max(CASE WHEN order_rank = 1 THEN customer_region END) AS customer_region,
    min(purchased_at) AS first_purchase_at,
    max(purchased_at) AS last_purchase_at,
    count(*) AS frequency,
    sum(canceled) AS canceled_orders,
    CAST(sum(payments) AS DECIMAL(18, 2)) AS monetary
  FROM ranked_orders
  GROUP BY customer_key
),
measured AS (
  SELECT
    c.customer_key,
    c.customer_state,
    c.customer_region,
    c.first_purchase_at,
    c.last_purchase_at,
    datediff(n.newest_date, CAST(c.last_purchase_at AS DATE)) AS recency_days,
    c.frequency,
    c.canceled_orders,
    c.monetary
  FROM customers AS c
  CROSS JOIN newest AS n
),
population AS (
  SELECT count(*) AS customers
  FROM measured
),
recency_levels AS (
  SELECT recency_days, count(*) AS customers
  FROM measured
  GROUP BY recency_days
),
recency_places AS (
  SELECT
    recency_days,
    CAST(sum(customers) OVER (ORDER BY recency_days DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT)
      - customers AS behind
  FROM recency_levels
),
monetary_levels AS (
  SELECT monetary, count(*) AS customers
  FROM measured
  GROUP BY monetary
),
monetary_places AS (
  SELECT
    monetary,
    CAST(sum(customers) OVER (ORDER BY monetary ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS BIGINT)
      - customers AS behind
  FROM monetary_levels
),
scored AS (
  SELECT
    m.customer_key,
    m.customer_state,
    m.customer_region,
    m.first_purchase_at,
    m.last_purchase_at,
    m.recency_days,
    m.frequency,
    m.canceled_orders,
    m.monetary,
    CAST(1 + floor(CAST(r.behind * 5 AS DOUBLE) / nullif(p.customers, 0)) AS INT) AS recency_score,
    CAST(CASE WHEN m.frequency >= 5 THEN 5 ELSE m.frequency END AS INT) AS frequency_score,
    CAST(1 + floor(CAST(v.behind * 5 AS DOUBLE) / nullif(p.customers, 0)) AS INT) AS monetary_score
  FROM measured AS m
  JOIN recency_places AS r
    ON r.recency_days = m.recency_days
  JOIN monetary_places AS v
    ON v.monetary = m.monetary
  CROSS JOIN population AS p
)
SELECT
  CAST(customer_key AS STRING) AS customer_key,
  CAST(customer_state AS STRING) AS customer_state,
  CAST(customer_region AS STRING) AS customer_region,
  CAST(first_purchase_at AS TIMESTAMP) AS first_purchase_at,
  CAST(last_purchase_at AS TIMESTAMP) AS last_purchase_at,
  CAST(recency_days AS INT) AS recency_days,
  CAST(frequency AS BIGINT) AS frequency,
  CAST(canceled_orders AS BIGINT) AS canceled_orders,
  CAST(monetary AS DECIMAL(18, 2)) AS monetary,
  CAST(CAST(monetary AS DOUBLE) / CAST(nullif(frequency, 0) AS DOUBLE) AS DOUBLE) AS payment_per_order,
  CAST(recency_score AS INT) AS recency_score,
  CAST(frequency_score AS INT) AS frequency_score,
  CAST(monetary_score AS INT) AS monetary_score,
  CAST(recency_score * 100 + frequency_score * 10 + monetary_score AS INT) AS rfm_score,
  CAST(
    CASE
      WHEN frequency_score >= 2 AND recency_score >= 4 THEN 'champion'
      WHEN frequency_score >= 2 AND recency_score = 3 THEN 'loyal'
      WHEN frequency_score >= 2 THEN 'at_risk'
      WHEN recency_score >= 4 AND monetary_score >= 4 THEN 'promising'
      WHEN recency_score >= 4 THEN 'new'
      WHEN monetary_score >= 4 THEN 'worth_winning_back'
      WHEN recency_score = 3 THEN 'cooling'
      ELSE 'hibernating'
    END AS STRING
  ) AS segment
FROM scored
