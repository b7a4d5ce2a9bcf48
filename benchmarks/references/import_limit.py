"""The bare limit of an import: calamine and insert_many, no checks, nothing told apart. FILE, and MongoDB by URI.

Drops and fills DATABASE. Prints {"rows", "seconds"}.
"""

import itertools
import json
import os
import sys
import time

import pymongo
import python_calamine

BATCH = 10_000


def main() -> None:
    started = time.perf_counter()
    client: pymongo.MongoClient[dict[str, object]] = pymongo.MongoClient(os.environ["URI"])
    client.drop_database(os.environ["DATABASE"])
    debtors = client[os.environ["DATABASE"]].debtors
    rows = python_calamine.CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).iter_rows()
    next(rows)
    count = 0
    while batch := list(itertools.islice(rows, BATCH)):
        documents = [
            {
                "name": row[0],
                "phone": row[1],
                "debt": row[2],
                "rut": row[3],
                "metadata": {"ejecutivo": row[4], "vencimiento": row[5], "contrato": row[6]},
                "status": "available",
            }
            for row in batch
        ]
        debtors.insert_many(documents, ordered=False)
        count += len(documents)
    print(json.dumps({"rows": count, "seconds": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
