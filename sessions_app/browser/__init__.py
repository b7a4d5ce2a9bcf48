"""A supervised Chromium with WhatsApp Web in it, as plain calls: driver (processes), bridge.js (in the page), page."""
