"""What every app may use: the MongoDB engine, database helpers, sealing and redaction."""
