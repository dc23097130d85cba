-- One row per review and order. Line ends inside the texts become LF and tabs blanks; blanks and line ends around a
-- text go, and a text of blanks alone is no text.
WITH texts AS (
  SELECT
    review_id,
    order_id,
    review_score,
    translate(replace(review_comment_title, '\r\n', '\n'), '\t', ' ') AS title,
    translate(replace(review_comment_message, '\r\n', '\n'), '\t', ' ') AS message,
    review_creation_date,
    review_answer_timestamp
  FROM bronze.order_reviews
)
SELECT
  CAST(review_id AS STRING) AS review_id,
  CAST(order_id AS STRING) AS order_id,
  CAST(review_score AS INT) AS review_score,
  -- No tab is left, so [^\t] is any character: all up to the last that is neither blank nor line end.
  CAST(nullif(regexp_extract(title, '^[ \n]*([^\t]*[^ \n])', 1), '') AS STRING) AS comment_title,
  CAST(nullif(regexp_extract(message, '^[ \n]*([^\t]*[^ \n])', 1), '') AS STRING) AS comment_message,
  CAST(review_creation_date AS TIMESTAMP) AS created_at,
  CAST(review_answer_timestamp AS TIMESTAMP) AS answered_at
FROM texts
