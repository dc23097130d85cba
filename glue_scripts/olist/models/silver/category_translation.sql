-- One row per product category: the Portuguese name as products carry it, and the English one.
SELECT
  CAST(product_category_name AS STRING) AS category_pt,
  CAST(lower(trim(product_category_name_english)) AS STRING) AS category_en
FROM bronze.category_translation
