"""The pages of the book of contacts, of digests, and of checks of numbers."""
