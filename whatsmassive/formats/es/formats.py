"""Numbers as they are written in Chile and most of the countries that we are for: 12.430,5.

Django's own Spanish follows the academies and parts thousands with a space, which people here read as two numbers.
"""

THOUSAND_SEPARATOR = "."
DECIMAL_SEPARATOR = ","
NUMBER_GROUPING = 3
