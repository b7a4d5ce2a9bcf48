from django.apps import AppConfig


class SystemLogConfig(AppConfig):
    name = "systemlog"
