"""The order of a pipeline's stages: sort and cut first, so that indexes serve them, and join only what is left."""

from typing import Any

from django_mongodb_backend.query import MongoQuery as StockQuery


class MongoQuery(StockQuery):
    cut_first = False
    """Set by the compiler when matching, sorting and slicing need nothing but the base collection's own columns."""

    def get_pipeline(self) -> list[dict[str, Any]]:
        if not self.cut_first or self.subquery_lookup:
            return super().get_pipeline()
        pipeline: list[dict[str, Any]] = []
        if self.match_mql:
            pipeline.append({"$match": self.match_mql})
        if self.ordering:
            pipeline.append({"$sort": self.ordering})
        if self.query.low_mark > 0:
            pipeline.append({"$skip": self.query.low_mark})
        if self.query.high_mark is not None:
            pipeline.append({"$limit": self.query.high_mark - self.query.low_mark})
        pipeline.extend(self.lookup_pipeline or [])
        if self.project_fields:
            pipeline.append({"$project": self.project_fields})
        return pipeline
