"""The domain: contracts, models, plans, ledger. Knows no terminal, no cloud client and no engine."""
