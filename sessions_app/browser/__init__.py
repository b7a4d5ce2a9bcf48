"""A supervised Chromium with WhatsApp Web in it, as plain calls: driver (processes), bridge/ (in the page), page."""
