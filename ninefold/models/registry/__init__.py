"""The registry: models under a name, their numbered versions, aliases, stages and tags, whoever made them."""

from ninefold.models.registry.records import RegisteredModel, RegisteredVersion
from ninefold.models.registry.registry import Registry

__all__ = ["RegisteredModel", "RegisteredVersion", "Registry"]
