"""The pages of WhatsApp sessions: the list, one session with its QR, and what staff do to it."""
