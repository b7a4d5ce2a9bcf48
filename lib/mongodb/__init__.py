"""Our Django database engine for MongoDB: django-mongodb-backend with its dangerous spots mended.

`ENGINE = "lib.mongodb"`. Each mend has a test in tests/lib/test_mongodb_engine.py that shows the stock engine to be
wrong, so that it can go when upstream has it (docs/adr/0004-engine-subclass.md).
"""
