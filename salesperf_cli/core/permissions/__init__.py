"""What each verb may call on AWS, defined once: shown by `permissions`, written to the docs, enforced in the tests."""
