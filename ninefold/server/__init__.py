"""One ASGI application: routes, doors, the loop beside them."""
