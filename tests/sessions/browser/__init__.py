"""The browsers of sessions, with the real wa-js on the stand-in of WhatsApp Web."""
