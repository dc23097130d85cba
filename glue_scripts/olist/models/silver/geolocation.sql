-- One row per zip code prefix: the centroid of its distinct points, its most frequent city and state.
-- Points outside Brazil's box (islands included) count only where a prefix has no other.
-- The average is taken over whole millionths of a degree (11 cm): a sum of doubles depends on the order of addition,
-- and a centroid must not move while its points stay.
WITH points AS (
  SELECT
    zip_prefix,
    CAST(floor(latitude * 1000000 + 0.5) AS BIGINT) AS latitude_millionths,
    CAST(floor(longitude * 1000000 + 0.5) AS BIGINT) AS longitude_millionths,
    CASE WHEN latitude BETWEEN -33.76 AND 5.28 AND longitude BETWEEN -73.99 AND -28.83 THEN 1 ELSE 0 END AS inside
  FROM (
    SELECT DISTINCT
      lpad(trim(geolocation_zip_code_prefix), 5, '0') AS zip_prefix,
      geolocation_lat AS latitude,
      geolocation_lng AS longitude
    FROM bronze.geolocation
  ) AS distinct_points
),
counted AS (
  SELECT
    zip_prefix,
    max(inside) AS any_inside,
    count(*) AS points_all,
    sum(latitude_millionths) AS latitude_all,
    sum(longitude_millionths) AS longitude_all,
    sum(inside) AS points_inside,
    sum(CASE WHEN inside = 1 THEN latitude_millionths ELSE 0 END) AS latitude_inside,
    sum(CASE WHEN inside = 1 THEN longitude_millionths ELSE 0 END) AS longitude_inside
  FROM points
  GROUP BY zip_prefix
),
chosen AS (
  SELECT
    zip_prefix,
    any_inside,
    CASE WHEN any_inside = 1 THEN points_inside ELSE points_all END AS points,
    CASE WHEN any_inside = 1 THEN latitude_inside ELSE latitude_all END AS latitude_sum,
    CASE WHEN any_inside = 1 THEN longitude_inside ELSE longitude_all END AS longitude_sum
  FROM counted
),
places AS (
  -- Counted as written first: there are far fewer spellings than rows to put in one form.
  SELECT zip_prefix, city, state, sum(mentions) AS mentions
  FROM (
    SELECT
      lpad(trim(geolocation_zip_code_prefix), 5, '0') AS zip_prefix,
      lower(trim(geolocation_city)) AS city,
      upper(trim(geolocation_state)) AS state,
      count(*) AS mentions
    FROM bronze.geolocation
    GROUP BY geolocation_zip_code_prefix, geolocation_city, geolocation_state
  ) AS spellings
  GROUP BY zip_prefix, city, state
),
ranked_places AS (
  SELECT
    zip_prefix,
    city,
    state,
    row_number() OVER (PARTITION BY zip_prefix ORDER BY mentions DESC, city ASC, state ASC) AS place_rank
  FROM places
)
SELECT
  CAST(c.zip_prefix AS STRING) AS zip_prefix,
  CAST(CAST(c.latitude_sum AS DOUBLE) / CAST(nullif(c.points, 0) AS DOUBLE) / 1000000 AS DOUBLE) AS latitude,
  CAST(CAST(c.longitude_sum AS DOUBLE) / CAST(nullif(c.points, 0) AS DOUBLE) / 1000000 AS DOUBLE) AS longitude,
  CAST(c.points AS INT) AS points,
  CAST(c.any_inside = 1 AS BOOLEAN) AS inside_brazil,
  CAST(p.city AS STRING) AS city,
  CAST(p.state AS STRING) AS state
FROM chosen AS c
JOIN ranked_places AS p
  ON p.zip_prefix = c.zip_prefix
WHERE p.place_rank = 1
