"""Our Django database engine for MongoDB: django-mongodb-backend with its dangerous spots mended.

`ENGINE = "lib.mongodb"`. Each mend has a test in tests/lib/test_mongodb_engine.py that shows the stock engine to be
wrong, so that it can go when upstream has it (docs/adr/0004-engine-subclass.md).
"""

import ctypes.util

# No geometry is stored here. To learn that there is no GDAL the backend looks for it three times, by a hundred programs
# (gcc, ld, ldconfig) at each start of each process: seconds on a busy machine.
_find_library = ctypes.util.find_library
ctypes.util.find_library = lambda name: None
try:
    import django_mongodb_backend.base  # noqa: F401
finally:
    ctypes.util.find_library = _find_library
