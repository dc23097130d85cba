-- One row per product; the source's "lenght" is spelt "length" from here on.
SELECT
  CAST(product_id AS STRING) AS product_id,
  CAST(nullif(lower(trim(product_category_name)), '') AS STRING) AS category_pt,
  CAST(product_name_lenght AS INT) AS name_length,
  CAST(product_description_lenght AS INT) AS description_length,
  CAST(product_photos_qty AS INT) AS photos,
  CAST(product_weight_g AS INT) AS weight_g,
  CAST(product_length_cm AS INT) AS length_cm,
  CAST(product_height_cm AS INT) AS height_cm,
  CAST(product_width_cm AS INT) AS width_cm
FROM bronze.products
