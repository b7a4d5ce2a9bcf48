"""Django's contrib apps and others' with ObjectId primary keys (their migrations are in mongo_migrations/)."""

from axes.apps import AppConfig as BaseAxesConfig
from django.contrib.admin.apps import AdminConfig as BaseAdminConfig
from django.contrib.auth.apps import AuthConfig as BaseAuthConfig
from django.contrib.contenttypes.apps import ContentTypesConfig as BaseContentTypesConfig

import lib.mongodb  # noqa: F401  # before an app imports the backend by itself

OBJECT_ID = "django_mongodb_backend.fields.ObjectIdAutoField"


class AdminConfig(BaseAdminConfig):
    default_auto_field = OBJECT_ID


class AuthConfig(BaseAuthConfig):
    default_auto_field = OBJECT_ID


class ContentTypesConfig(BaseContentTypesConfig):
    default_auto_field = OBJECT_ID


class AxesConfig(BaseAxesConfig):
    default_auto_field = OBJECT_ID
