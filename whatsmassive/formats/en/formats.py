"""Dates and times as in Spanish, the day first and 24 hours: whoever reads the pages in English works with the others.

Django's own English would show 3 May as 05/03, which beside the Spanish pages is 5 March.
"""

SHORT_DATE_FORMAT = "d/m/Y"
SHORT_DATETIME_FORMAT = "d/m/Y H:i"
DATETIME_FORMAT = "j F Y, H:i"
TIME_FORMAT = "H:i"
