"""Names our compilers to Django and prepares lookup values."""

import re

from django_mongodb_backend.operations import DatabaseOperations as StockOperations


class DatabaseOperations(StockOperations):
    compiler_module = "lib.mongodb.compiler"

    def prep_for_iexact_query(self, x: str) -> str:
        # The stock engine builds ^value$ without escaping: ".*" would match every document.
        return re.escape(x)
