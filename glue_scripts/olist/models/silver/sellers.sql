-- One row per seller. City names are trimmed and lower-cased, not corrected: a rule counts those that look wrong.
SELECT
  CAST(seller_id AS STRING) AS seller_id,
  CAST(lpad(trim(seller_zip_code_prefix), 5, '0') AS STRING) AS zip_prefix,
  CAST(lower(trim(seller_city)) AS STRING) AS city,
  CAST(upper(trim(seller_state)) AS STRING) AS state
FROM bronze.sellers
