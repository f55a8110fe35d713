"""People who sign in by an identity provider (OpenID Connect): the code flow with PKCE, and the provider's tokens for the API."""
