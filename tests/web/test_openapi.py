"""The document that is made of the routes."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from ninefold.web.openapi import openapi


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location("served", Path(__file__).with_name("served.py"))
    assert spec is not None and spec.loader is not None
    served = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(served)
    return openapi(served.ROUTES, title="shop", version="1")


def test_it_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    validate(document)


def test_bodies_queries_and_roles_come_from_the_routes(document: dict[str, Any]) -> None:
    create, listing = document["paths"]["/orders/{group}"]["post"], document["paths"]["/orders"]["get"]
    assert create["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Order"}
    assert [parameter["name"] for parameter in listing["parameters"]] == ["limit", "tag"]
    assert document["paths"]["/secret"]["get"]["x-roles"] == ["viewer"]
