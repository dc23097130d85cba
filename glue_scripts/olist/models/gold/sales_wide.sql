-- One row per order item, and one row without item (line_number 0) per order that has none, so that every total of
-- the source can be met. Payments and reviews are brought to one row per order before they are joined; the payment of
-- an order is allotted to its lines in cents (payment_share), so that a sum over lines is a sum of money.
WITH payment_types AS (
  SELECT
    order_id,
    payment_type,
    sum(payment_value) AS type_total,
    count(*) AS type_count,
    max(installments) AS type_installments
  FROM silver.order_payments
  GROUP BY order_id, payment_type
),
ranked_types AS (
  SELECT
    order_id,
    payment_type,
    type_total,
    type_count,
    type_installments,
    row_number() OVER (PARTITION BY order_id ORDER BY type_total DESC, payment_type ASC) AS type_rank,
    row_number() OVER (PARTITION BY order_id ORDER BY payment_type ASC) AS name_rank
  FROM payment_types
),
payments AS (
  SELECT
    order_id,
    CAST(sum(type_total) AS DECIMAL(12, 2)) AS payment_total,
    CAST(sum(type_total) * 100 AS BIGINT) AS payment_cents,
    sum(type_count) AS payment_count,
    -- The contract knows five means of payment, so five places hold them all.
    concat_ws(
      ',',
      max(CASE WHEN name_rank = 1 THEN payment_type END),
      max(CASE WHEN name_rank = 2 THEN payment_type END),
      max(CASE WHEN name_rank = 3 THEN payment_type END),
      max(CASE WHEN name_rank = 4 THEN payment_type END),
      max(CASE WHEN name_rank = 5 THEN payment_type END)
    ) AS payment_types,
    max(CASE WHEN type_rank = 1 THEN payment_type END) AS payment_main_type,
    max(type_installments) AS payment_installments
  FROM ranked_types
  GROUP BY order_id
),
ranked_reviews AS (
  SELECT
    order_id,
    review_score,
    row_number() OVER (
      PARTITION BY order_id ORDER BY answered_at DESC NULLS LAST, created_at DESC NULLS LAST, review_id DESC
    ) AS review_rank
  FROM silver.order_reviews
),
reviews AS (
  SELECT
    order_id,
    count(*) AS review_count,
    max(CASE WHEN review_rank = 1 THEN review_score END) AS review_score
  FROM ranked_reviews
  GROUP BY order_id
),
customers AS (
  SELECT
    c.customer_id,
    sha2(concat('salesperf.olist.customer:', c.customer_unique_id), 256) AS customer_key,
    c.city,
    c.state,
    CASE
      WHEN c.state IN ('AC', 'AM', 'AP', 'PA', 'RO', 'RR', 'TO') THEN 'N'
      WHEN c.state IN ('AL', 'BA', 'CE', 'MA', 'PB', 'PE', 'PI', 'RN', 'SE') THEN 'NE'
      WHEN c.state IN ('DF', 'GO', 'MS', 'MT') THEN 'CO'
      WHEN c.state IN ('ES', 'MG', 'RJ', 'SP') THEN 'SE'
      WHEN c.state IN ('PR', 'RS', 'SC') THEN 'S'
    END AS region,
    radians(g.latitude) AS latitude,
    radians(g.longitude) AS longitude
  FROM silver.customers AS c
  LEFT JOIN silver.geolocation AS g
    ON g.zip_prefix = c.zip_prefix AND g.inside_brazil
),
sellers AS (
  SELECT
    s.seller_id,
    s.city,
    s.state,
    CASE
      WHEN s.state IN ('AC', 'AM', 'AP', 'PA', 'RO', 'RR', 'TO') THEN 'N'
      WHEN s.state IN ('AL', 'BA', 'CE', 'MA', 'PB', 'PE', 'PI', 'RN', 'SE') THEN 'NE'
      WHEN s.state IN ('DF', 'GO', 'MS', 'MT') THEN 'CO'
      WHEN s.state IN ('ES', 'MG', 'RJ', 'SP') THEN 'SE'
      WHEN s.state IN ('PR', 'RS', 'SC') THEN 'S'
    END AS region,
    radians(g.latitude) AS latitude,
    radians(g.longitude) AS longitude
  FROM silver.sellers AS s
  LEFT JOIN silver.geolocation AS g
    ON g.zip_prefix = s.zip_prefix AND g.inside_brazil
),
products AS (
  SELECT
    p.product_id,
    p.category_pt,
    coalesce(t.category_en, p.category_pt) AS category_en,
    p.name_length,
    p.description_length,
    p.photos,
    p.weight_g,
    p.length_cm,
    p.height_cm,
    p.width_cm
  FROM silver.products AS p
  LEFT JOIN silver.category_translation AS t
    ON t.category_pt = p.category_pt
),
lines AS (
  SELECT
    o.order_id,
    o.customer_id,
    o.status,
    o.purchased_at,
    o.approved_at,
    o.carrier_at,
    o.delivered_at,
    o.estimated_delivery_at,
    coalesce(i.order_item_id, 0) AS line_number,
    i.order_item_id,
    i.product_id,
    i.seller_id,
    i.shipping_limit_at,
    i.price,
    i.freight,
    coalesce(CAST((i.price + i.freight) * 100 AS BIGINT), 0) AS line_cents,
    p.payment_cents,
    p.payment_total,
    p.payment_count,
    p.payment_types,
    p.payment_main_type,
    p.payment_installments
  FROM silver.orders AS o
  LEFT JOIN silver.order_items AS i
    ON i.order_id = o.order_id
  LEFT JOIN payments AS p
    ON p.order_id = o.order_id
),
order_lines AS (
  SELECT order_id, CAST(sum(line_cents) AS BIGINT) AS order_cents, min(line_number) AS first_line
  FROM lines
  GROUP BY order_id
),
allotted AS (
  -- In proportion to price and freight, rounded down to the cent; nothing where all items are free or there are none.
  SELECT
    l.order_id,
    l.line_number,
    t.first_line,
    l.payment_cents,
    CAST(
      coalesce(
        (l.payment_cents * l.line_cents - (l.payment_cents * l.line_cents) % nullif(t.order_cents, 0))
          / nullif(t.order_cents, 0),
        CAST(0 AS DOUBLE)
      ) AS BIGINT
    ) AS floor_cents
  FROM lines AS l
  JOIN order_lines AS t
    ON t.order_id = l.order_id
),
given AS (
  SELECT order_id, CAST(sum(floor_cents) AS BIGINT) AS given_cents
  FROM allotted
  GROUP BY order_id
),
shares AS (
  -- The cents that are left over go to the order's first line. No payment, no share.
  SELECT
    a.order_id,
    a.line_number,
    CASE
      WHEN a.payment_cents IS NULL THEN NULL
      WHEN a.line_number = a.first_line THEN a.floor_cents + a.payment_cents - g.given_cents
      ELSE a.floor_cents
    END AS share_cents
  FROM allotted AS a
  JOIN given AS g
    ON g.order_id = a.order_id
),
joined AS (
  SELECT
    l.order_id,
    l.line_number,
    l.order_item_id,
    l.status,
    l.purchased_at,
    l.approved_at,
    l.carrier_at,
    l.delivered_at,
    l.estimated_delivery_at,
    CAST(l.purchased_at AS DATE) AS purchase_date,
    trunc(l.purchased_at, 'month') AS purchase_month,
    c.customer_key,
    c.city AS customer_city,
    c.state AS customer_state,
    c.region AS customer_region,
    l.shipping_limit_at,
    l.price,
    l.freight,
    l.product_id,
    p.category_pt,
    p.category_en,
    p.name_length,
    p.description_length,
    p.photos,
    p.weight_g,
    p.length_cm,
    p.height_cm,
    p.width_cm,
    l.seller_id,
    s.city AS seller_city,
    s.state AS seller_state,
    s.region AS seller_region,
    power(sin((s.latitude - c.latitude) / 2), 2)
      + cos(c.latitude) * cos(s.latitude) * power(sin((s.longitude - c.longitude) / 2), 2) AS haversine,
    l.payment_total,
    h.share_cents,
    l.payment_count,
    l.payment_types,
    l.payment_main_type,
    l.payment_installments,
    r.review_score,
    r.review_count
  FROM lines AS l
  JOIN shares AS h
    ON h.order_id = l.order_id AND h.line_number = l.line_number
  LEFT JOIN customers AS c
    ON c.customer_id = l.customer_id
  LEFT JOIN products AS p
    ON p.product_id = l.product_id
  LEFT JOIN sellers AS s
    ON s.seller_id = l.seller_id
  LEFT JOIN reviews AS r
    ON r.order_id = l.order_id
)
SELECT
  CAST(order_id AS STRING) AS order_id,
  CAST(line_number AS INT) AS line_number,
  CAST(order_item_id AS INT) AS order_item_id,
  CAST(status AS STRING) AS status,
  CAST(purchased_at AS TIMESTAMP) AS purchased_at,
  CAST(approved_at AS TIMESTAMP) AS approved_at,
  CAST(carrier_at AS TIMESTAMP) AS carrier_at,
  CAST(delivered_at AS TIMESTAMP) AS delivered_at,
  CAST(estimated_delivery_at AS TIMESTAMP) AS estimated_delivery_at,
  CAST(purchase_date AS DATE) AS purchase_date,
  CAST(purchase_month AS DATE) AS purchase_month,
  CAST(year(purchased_at) AS INT) AS purchase_year,
  CAST(quarter(purchased_at) AS INT) AS purchase_quarter,
  CAST(weekday(purchased_at) + 1 AS INT) AS purchase_weekday,
  CAST(hour(purchased_at) AS INT) AS purchase_hour,
  CAST(customer_key AS STRING) AS customer_key,
  CAST(customer_city AS STRING) AS customer_city,
  CAST(customer_state AS STRING) AS customer_state,
  CAST(customer_region AS STRING) AS customer_region,
  CAST(shipping_limit_at AS TIMESTAMP) AS shipping_limit_at,
  CAST(price AS DECIMAL(12, 2)) AS price,
  CAST(freight AS DECIMAL(12, 2)) AS freight,
  CAST(product_id AS STRING) AS product_id,
  CAST(category_pt AS STRING) AS product_category_pt,
  CAST(category_en AS STRING) AS product_category_en,
  CAST(name_length AS INT) AS product_name_length,
  CAST(description_length AS INT) AS product_description_length,
  CAST(photos AS INT) AS product_photos,
  CAST(weight_g AS INT) AS product_weight_g,
  CAST(length_cm AS INT) AS product_length_cm,
  CAST(height_cm AS INT) AS product_height_cm,
  CAST(width_cm AS INT) AS product_width_cm,
  CAST(CAST(length_cm AS BIGINT) * height_cm * width_cm AS BIGINT) AS product_volume_cm3,
  CAST(seller_id AS STRING) AS seller_id,
  CAST(seller_city AS STRING) AS seller_city,
  CAST(seller_state AS STRING) AS seller_state,
  CAST(seller_region AS STRING) AS seller_region,
  CAST(2 * 6371.0088 * asin(sqrt(CASE WHEN haversine > 1 THEN 1 ELSE haversine END)) AS DOUBLE) AS distance_km,
  CAST(payment_total AS DECIMAL(12, 2)) AS payment_total,
  CAST(CAST(share_cents AS DECIMAL(16, 0)) * 0.01 AS DECIMAL(12, 2)) AS payment_share,
  CAST(coalesce(payment_count, 0) AS INT) AS payment_count,
  CAST(payment_types AS STRING) AS payment_types,
  CAST(payment_main_type AS STRING) AS payment_main_type,
  CAST(payment_installments AS INT) AS payment_installments,
  CAST(review_score AS INT) AS review_score,
  CAST(coalesce(review_count, 0) AS INT) AS review_count,
  CAST(datediff(CAST(delivered_at AS DATE), purchase_date) AS INT) AS delivery_days,
  CAST(datediff(CAST(estimated_delivery_at AS DATE), purchase_date) AS INT) AS estimated_days,
  CAST(datediff(CAST(delivered_at AS DATE), CAST(estimated_delivery_at AS DATE)) AS INT) AS delay_days,
  CAST(CAST(delivered_at AS DATE) > CAST(estimated_delivery_at AS DATE) AS BOOLEAN) AS is_late
FROM joined
