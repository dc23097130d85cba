-- One row per receipt line under English names. A return keeps its negative quantity, so that sums need no case.
SELECT
  CAST(transacao AS STRING) AS transaction_id,
  CAST(transacao_original AS STRING) AS original_transaction_id,
  CAST(data_venda AS DATE) AS sold_on,
  CAST(registrado_em AS TIMESTAMP) AS recorded_at,
  CAST(trim(loja) AS STRING) AS store,
  CAST(cliente AS STRING) AS customer_id,
  CAST(trim(nome_cliente) AS STRING) AS customer_name,
  CAST(codigo_produto AS STRING) AS product_code,
  CAST(trim(produto) AS STRING) AS product,
  CAST(coalesce(lower(trim(categoria)), 'sem categoria') AS STRING) AS category,
  CAST(quantidade AS INT) AS quantity,
  CAST(preco_unitario AS DECIMAL(10, 2)) AS unit_price,
  CAST(coalesce(desconto, 0) AS DECIMAL(10, 2)) AS discount,
  CAST(
    CASE
      WHEN quantidade < 0 THEN quantidade * preco_unitario + coalesce(desconto, 0)
      ELSE quantidade * preco_unitario - coalesce(desconto, 0)
    END AS DECIMAL(14, 2)
  ) AS amount,
  CAST(quantidade < 0 AS BOOLEAN) AS is_return,
  CAST(pagamento AS STRING) AS payment_method
FROM bronze.transactions
