"""Debtors that are there already are found by their words; uploads go when their time has come; refused rows have an
index of their own."""

from typing import Any

from bson import ObjectId
from django.db import migrations
from pymongo import UpdateOne

from domain.finding import search_words
from domain.folding import fold

BATCH = 1_000
FIELDS = {"name": 1, "rut": 1, "external_id": 1, "phone": 1}
EXPIRING = (("debtors_upload", "upload_expires"), ("debtors_uploadchunk", "upload_chunk_expires"))
ROWS, REFUSED = "debtors_importrow", "import_row_refused"
IMPORTS, ATTACH = "debtors_import", "import_attach"


def backfill(apps: Any, schema_editor: Any) -> None:
    debtors = schema_editor.connection.database["debtors_debtor"]
    last = None
    # In the order of their ids, so that it can be stopped and begun again.
    while True:
        beyond = {"_id": {"$gt": last}} if last else {}
        found = list(debtors.find(beyond, FIELDS).sort("_id", 1).limit(BATCH))
        if not found:
            return
        last = found[-1]["_id"]
        debtors.bulk_write([_update(row) for row in found], ordered=False)


def _update(row: dict[str, Any]) -> UpdateOne:
    values = {name: row.get(name, "") for name in FIELDS}
    changes = {"folded_name": fold(values["name"])[:200], "words": search_words(**values)}
    return UpdateOne({"_id": row["_id"]}, {"$set": changes})


def create(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    for collection, name in EXPIRING:
        database[collection].create_index("expires_at", name=name, expireAfterSeconds=0)
    # Only the rows that became no debtor's have a code.
    database[ROWS].create_index(
        [("import_id", 1), ("number", 1)], name=REFUSED, partialFilterExpression={"code": {"$gt": ""}}
    )

    # Only those that are for a campaign; the tick asks each second which of them did not get there yet.
    for_campaign = {"campaign": {"$gt": ObjectId("0" * 24)}}
    database[IMPORTS].create_index("attached_at", name=ATTACH, partialFilterExpression=for_campaign)


def drop(apps: Any, schema_editor: Any) -> None:
    database = schema_editor.connection.database
    for collection, name in (*EXPIRING, (ROWS, REFUSED), (IMPORTS, ATTACH)):
        if name in database[collection].index_information():
            database[collection].drop_index(name)


class Migration(migrations.Migration):
    dependencies = [("debtors", "0002_pages")]
    operations = [
        migrations.RunPython(backfill, migrations.RunPython.noop),
        migrations.RunPython(create, drop),
    ]
