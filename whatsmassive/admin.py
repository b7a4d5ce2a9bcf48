"""The administration's own look: its name."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

admin.site.site_header = "WhatsMassive"
admin.site.site_title = "WhatsMassive"
admin.site.index_title = _("Data administration")
