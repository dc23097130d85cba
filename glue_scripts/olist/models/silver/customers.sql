-- One row per customer of an order: the marketplace gives every order a customer_id of its own, and the person
-- behind it a customer_unique_id.
SELECT
  CAST(customer_id AS STRING) AS customer_id,
  CAST(customer_unique_id AS STRING) AS customer_unique_id,
  CAST(lpad(trim(customer_zip_code_prefix), 5, '0') AS STRING) AS zip_prefix,
  CAST(lower(trim(customer_city)) AS STRING) AS city,
  CAST(upper(trim(customer_state)) AS STRING) AS state
FROM bronze.customers
