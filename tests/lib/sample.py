"""Models of the engine's tests, in no installed app: the tests make their collections by the schema editor."""

import uuid

from django.db import models
from django_mongodb_backend.fields import ObjectIdField


class Team(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "sample"

    def __str__(self) -> str:
        return self.name


class Person(models.Model):
    name = models.CharField(max_length=50)
    email = models.CharField(max_length=50, unique=True)
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    second_team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="+")
    age = models.IntegerField(default=0)
    debt = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    extra: models.JSONField = models.JSONField(default=dict)
    born_at = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        app_label = "sample"
        constraints = (models.UniqueConstraint(fields=["team", "name"], name="person_team_name"),)
        indexes = (
            models.Index(fields=["name"], name="person_name"),
            models.Index(fields=["age", "name"], name="person_age_name"),
            models.Index(fields=["seen_at"], name="person_seen_at"),
        )

    def __str__(self) -> str:
        return self.name


class Nullable(models.Model):
    """A nullable unique field of each stored type."""

    string = models.CharField(max_length=20, null=True, unique=True)
    key = ObjectIdField(null=True, unique=True)
    whole = models.IntegerField(null=True, unique=True)
    small = models.SmallIntegerField(null=True, unique=True)
    real = models.FloatField(null=True, unique=True)
    decimal = models.DecimalField(null=True, unique=True, max_digits=9, decimal_places=2)
    moment = models.DateTimeField(null=True, unique=True)
    day = models.DateField(null=True, unique=True)
    flag = models.BooleanField(null=True, unique=True)
    binary = models.BinaryField(null=True, unique=True)
    uuid = models.UUIDField(null=True, unique=True, default=uuid.uuid4)
    json: models.JSONField = models.JSONField(null=True, unique=True)

    class Meta:
        app_label = "sample"

    def __str__(self) -> str:
        return str(self.pk)


MODELS = (Team, Person, Nullable)
