from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"

    def ready(self) -> None:
        from messaging import optouts
        from outreach import refusals

        optouts.asks_first(refusals.heard)
