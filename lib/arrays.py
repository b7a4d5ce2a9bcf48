"""Searching arrays of texts: `words__any_startswith="mar"` finds the documents with such a word, along an index."""

import re
from typing import Any

from django.db import NotSupportedError
from django.db.models import Lookup
from django_mongodb_backend.fields import ArrayField
from django_mongodb_backend.query_utils import process_lhs


@ArrayField.register_lookup
class AnyStartsWith(Lookup):
    """One of the array's texts begins with this one."""

    lookup_name = "any_startswith"
    prepare_rhs = False

    def as_mql_path(self, compiler: Any, connection: Any) -> dict[str, Any]:
        # Anchored, and with nothing to interpret: MongoDB makes bounds of an index out of it.
        return {process_lhs(self, compiler, connection): {"$regex": f"^{re.escape(self.rhs)}"}}

    def as_mql_expr(self, compiler: Any, connection: Any) -> Any:
        raise NotSupportedError("any_startswith compares a field with a text.")
